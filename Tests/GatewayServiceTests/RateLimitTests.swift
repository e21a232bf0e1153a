import Testing

@testable import GatewayService

struct RateLimitTests {
    private let rule = RateRule(name: .person, limit: 600, window: 60_000)

    @Test("Ten times the rate for a minute: no more than the limit passes in any minute, and no less in the long run")
    func burst() {
        var window = SlidingWindow(now: 0)
        var admitted: [UInt64] = []
        for tick in 0..<18_000 {
            let now = UInt64(tick * 10)
            if window.take(limit: 600, window: 60_000, now: now).isAllowed { admitted.append(now) }
        }
        for start in stride(from: UInt64(0), to: 120_000, by: 1000) {
            #expect(admitted.count { $0 >= start && $0 < start + 60_000 } <= 630)
        }
        #expect(admitted.count { $0 < 60_000 } == 600)
        #expect(admitted.count >= 1700)
    }

    @Test("Who waits as long as was said is let in")
    func retryAfter() {
        for limit in [1, 5, 30, 600] {
            var window = SlidingWindow(now: 0)
            var now: UInt64 = 0
            for _ in 0..<5 {
                var decision = window.take(limit: limit, window: 60_000, now: now)
                while decision.isAllowed {
                    now += 10
                    decision = window.take(limit: limit, window: 60_000, now: now)
                }
                #expect(decision.remaining == 0)
                #expect((1...120).contains(decision.retryAfter))
                now += UInt64(decision.retryAfter) * 1000
                let later = window.take(limit: limit, window: 60_000, now: now)
                #expect(later.isAllowed)
            }
        }
    }

    @Test("A loop whose clock is a little behind does no harm")
    func clocksDiffer() {
        let limiter = RateLimiter()
        let subject = RateLimiter.Subject(high: 1, low: 2)
        #expect(limiter.take(rule, subject, now: 1000).remaining == 599)
        #expect(limiter.take(rule, subject, now: 999).remaining == 598)
        #expect(limiter.take(rule, subject, now: 0).remaining == 597)
    }

    @Test("What is left counts down to nothing")
    func remaining() {
        let limiter = RateLimiter()
        let rule = RateRule(name: .render, limit: 3, window: 60_000)
        let subject = RateLimiter.Subject(high: 1, low: 2)
        let decisions = (0..<4).map { _ in limiter.take(rule, subject, now: 100) }
        #expect(decisions.map(\.remaining) == [2, 1, 0, 0])
        #expect(decisions.map(\.isAllowed) == [true, true, true, false])
        #expect(decisions.allSatisfy { $0.limit == 3 && $0.reset == 60 })
        #expect(limiter.take(rule, RateLimiter.Subject(high: 1, low: 3), now: 100).isAllowed)
    }

    @Test("A million addresses do not fill the memory")
    func bounded() {
        let limiter = RateLimiter(capacity: 1024)
        for low in 0..<200_000 {
            _ = limiter.take(rule, RateLimiter.Subject(high: 0, low: UInt64(low)), now: UInt64(low))
        }
        #expect(limiter.count <= 1024)
    }
}
