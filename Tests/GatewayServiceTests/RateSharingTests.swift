import Redis
import Testing

@testable import GatewayService

/// Counts of several gateways brought together, without a Redis.
@Suite("Limits counted together")
struct RateSharingTests {
    private static let rules = RateRules(
        {
            var reader = ConfigurationReaderForTests([
                "SERVICE_SECRET": String(repeating: "s", count: 32), "RATE_LIMIT_PERSON": "100",
            ])
            return reader.read()
        }())
    private let rules = Self.rules
    private let rule = Self.rules[.person]
    private let subject = RateLimiter.Subject(high: 1, low: 0xAB)
    /// A minute of the wall clock begins at 40,000 of the loops' clock.
    private let epoch: UInt64 = 1_700_000_000_000 - 1_700_000_000_000 % 60_000 + 20_000

    private func take(_ limiter: RateLimiter, _ count: Int, now: UInt64) -> Int {
        (0..<count).count { _ in limiter.take(rule, subject, now: now).isAllowed }
    }

    @Test("windows begin with the wall clock's, and have its number")
    func windows() throws {
        let limiter = RateLimiter(epoch: epoch)
        #expect(limiter.take(rule, subject, now: 45_000).reset == 55)
        let change = try #require(limiter.changes(rules, most: 10, now: 45_200).first)
        #expect((change.start, change.window, change.current, change.previous) == (40_000, 60_000, 1, 0))
        #expect(change.number == 1_700_000_000_000 / 60_000 + 1)
    }

    @Test("only what changed is told, once, with all that was counted")
    func changes() {
        let limiter = RateLimiter(epoch: epoch)
        #expect(take(limiter, 3, now: 45_000) == 3)
        _ = limiter.take(rule, RateLimiter.Subject(high: 9, low: 9), now: 45_000, counts: false)
        #expect(limiter.changes(rules, most: 10, now: 45_000).map(\.current) == [3])
        #expect(limiter.changes(rules, most: 10, now: 45_000).isEmpty)
        #expect(take(limiter, 200, now: 45_001) == 97)
        let changes = limiter.changes(rules, most: 10, now: 45_001)
        #expect(changes.map(\.current) == [100])
        // Refused requests change nothing.
        #expect(take(limiter, 5, now: 45_002) == 0)
        #expect(limiter.changes(rules, most: 10, now: 45_002).isEmpty)
        // What could not be told is told again.
        limiter.keep(changes)
        #expect(limiter.changes(rules, most: 10, now: 45_003).map(\.current) == [100])
        // A gateway that counts alone keeps no list.
        let alone = RateLimiter()
        #expect(take(alone, 3, now: 45_000) == 3)
        #expect(alone.changes(rules, most: 10, now: 45_000).isEmpty)
    }

    @Test("no more are told at once than may be, and in time all of them; the list is bounded")
    func bounded() {
        let limiter = RateLimiter(capacity: 1_024, epoch: epoch)
        for low in 0..<50_000 {
            _ = limiter.take(rule, RateLimiter.Subject(high: 0, low: UInt64(low)), now: 45_000)
        }
        var told: Set<RateLimiter.Key> = []
        while true {
            let changes = limiter.changes(rules, most: 100, now: 45_000)
            #expect(changes.count <= 100)
            guard !changes.isEmpty || told.isEmpty else { break }
            told.formUnion(changes.map(\.key))
        }
        #expect((1...1_024).contains(told.count))
    }

    @Test("what others counted counts, in its window and as it goes by in the next")
    func others() throws {
        let limiter = RateLimiter(epoch: epoch)
        #expect(take(limiter, 10, now: 45_000) == 10)
        let change = try #require(limiter.changes(rules, most: 1, now: 45_000).first)
        limiter.learn(change, RateChange.Others(current: 60, previous: 0), now: 45_100)
        #expect(limiter.take(rule, subject, now: 45_200, counts: false).remaining == 30)
        // A Redis that forgot takes nothing back.
        limiter.learn(change, RateChange.Others(current: 5, previous: 0), now: 45_300)
        #expect(take(limiter, 50, now: 45_400) == 30)
        // Half of the next window: half of the hundred still counts.
        #expect(take(limiter, 100, now: 130_000) == 50)
        // And two windows later nothing.
        #expect(take(limiter, 200, now: 220_001) == 100)
    }

    @Test("an answer that comes after its window counts for the window before, later it says nothing")
    func late() throws {
        let limiter = RateLimiter(epoch: epoch)
        #expect(take(limiter, 10, now: 99_000) == 10)
        let change = try #require(limiter.changes(rules, most: 1, now: 99_000).first)
        #expect(take(limiter, 1, now: 100_000) == 1)
        limiter.learn(change, RateChange.Others(current: 70, previous: 0), now: 100_100)
        #expect(limiter.take(rule, subject, now: 130_000, counts: false).remaining == 100 - 40 - 1)
        #expect(take(limiter, 1, now: 160_000) == 1)
        limiter.learn(change, RateChange.Others(current: 90, previous: 0), now: 160_100)
        #expect(limiter.take(rule, subject, now: 190_000, counts: false).remaining == 98)
    }

    @Test("the window before is told and asked for until everybody had the time to tell of it")
    func previous() throws {
        let limiter = RateLimiter(epoch: epoch)
        #expect(take(limiter, 10, now: 99_000) == 10)
        #expect(take(limiter, 1, now: 100_100) == 1)
        var change = try #require(limiter.changes(rules, most: 1, now: 100_100).first)
        #expect((change.current, change.previous) == (1, 10))
        limiter.learn(change, RateChange.Others(current: 0, previous: 20), now: 100_200)
        #expect(take(limiter, 1, now: 103_000) == 1)
        change = try #require(limiter.changes(rules, most: 1, now: 103_000).first)
        #expect(change.previous == 10)
        limiter.learn(change, RateChange.Others(current: 0, previous: 40), now: 103_100)
        #expect(take(limiter, 1, now: 104_000) == 1)
        #expect(try #require(limiter.changes(rules, most: 1, now: 104_000).first).previous == nil)
        #expect(limiter.take(rule, subject, now: 130_000, counts: false).remaining == 100 - 25 - 3)
    }

    @Test("the commands of an exchange, and what its answers say")
    func exchange() throws {
        let key = RateLimiter.Key(rule: .signIn, subject: subject)
        let change = RateChange(
            key: key, start: 0, window: 60_000, number: 28_333_334, current: 7, previous: nil)
        let first = RateChange(
            key: key, start: 0, window: 60_000, number: 28_333_334, current: 7, previous: 4)
        let silent = RateChange(
            key: key, start: 0, window: 60_000, number: 28_333_334, current: 7, previous: 0)
        let exchange = RateExchange(changes: [change, silent, first], member: "me")
        let name = "atelier:limit:signIn:000000000000000100000000000000ab:28333334"
        let before = "atelier:limit:signIn:000000000000000100000000000000ab:28333333"
        let present = [["HSET", name, "me", "7"], ["PEXPIRE", name, "120000"], ["HVALS", name]]
        #expect(
            exchange.commands == present + present + [["HVALS", before]] + present
                + [["HSET", before, "me", "4"], ["PEXPIRE", before, "120000"], ["HVALS", before]])
        func answer(_ counts: [String]) -> [RedisReply] {
            [.number(0), .number(1), .list(counts.map { .text($0) })]
        }
        let others = try exchange.others(
            answer(["7", "5"]) + answer(["7"]) + [.list([.text("9")])] + answer(["2", "7", "1"]) + answer(["4"]))
        #expect(
            others == [
                RateChange.Others(current: 5, previous: nil), RateChange.Others(current: 0, previous: 9),
                RateChange.Others(current: 3, previous: 0),
            ])
        var refused = answer(["7"]) + answer(["7"]) + answer(["4"])
        refused[3] = .refusal("OOM command not allowed when used memory > 'maxmemory'.")
        let fault = #expect(throws: RateExchange.Refused.self) { try exchange.others(refused) }
        #expect(fault?.description.contains("OOM") == true)
    }
}
