import Testing

@testable import GatewayService

struct CircuitBreakerTests {
    @Test("Opens after five failures within thirty seconds, tries one request after the recovery time")
    func opens() {
        var breaker = CircuitBreaker(threshold: 5, window: 30_000, recovery: 60_000)
        for now in [0, 1000, 2000, 3000] as [UInt64] { breaker.failed(now: now) }
        let verdict1 = breaker.admit(now: 3001)
        #expect(verdict1 == .pass)
        breaker.failed(now: 29_999)
        let verdict2 = breaker.admit(now: 30_000)
        #expect(verdict2 == .refuse(retryAfter: 59_999))
        let verdict3 = breaker.admit(now: 89_999)
        #expect(verdict3 == .probe)
        let verdict4 = breaker.admit(now: 90_000)
        #expect(verdict4 == .refuse(retryAfter: 14_999))
        breaker.failed(now: 90_001)
        let verdict5 = breaker.admit(now: 100_000)
        #expect(verdict5 == .refuse(retryAfter: 50_001))
        let verdict6 = breaker.admit(now: 150_001)
        #expect(verdict6 == .probe)
        breaker.succeeded()
        let verdict7 = breaker.admit(now: 150_002)
        #expect(verdict7 == .pass)
    }

    @Test("Old failures are forgotten")
    func forgets() {
        var breaker = CircuitBreaker(threshold: 5, window: 30_000, recovery: 60_000)
        for now in stride(from: UInt64(0), to: 500_000, by: 10_000) { breaker.failed(now: now) }
        let verdict8 = breaker.admit(now: 500_000)
        #expect(verdict8 == .pass)
    }

    @Test("A service that says that it is ready is tried at once; a lost probe does not keep it away for ever")
    func ready() {
        var breaker = CircuitBreaker(threshold: 1, window: 30_000, recovery: 60_000)
        breaker.failed(now: 0)
        breaker.sawReady(now: 500)
        let verdict9 = breaker.admit(now: 500)
        #expect(verdict9 == .probe)
        let verdict10 = breaker.admit(now: 501)
        #expect(verdict10 != .probe)
        let verdict11 = breaker.admit(now: 15_500)
        #expect(verdict11 == .probe)
    }

    @Test("With threshold 0 it never opens")
    func off() {
        var breaker = CircuitBreaker(threshold: 0)
        for _ in 0..<100 { breaker.failed(now: 0) }
        let verdict12 = breaker.admit(now: 0)
        #expect(verdict12 == .pass)
    }
}
