internal import Synchronization

/// Counts requests by rule and by who makes them, in this process. Bounded: where too many are counted, some start anew.
final class RateLimiter: Sendable {
    /// Who is counted: a person's id, or an address.
    struct Subject: Sendable, Hashable {
        let high: UInt64
        let low: UInt64
    }

    private struct Key: Hashable {
        let rule: RateRule.Name
        let subject: Subject
    }

    private let shards: [Shard]

    /// - Parameter capacity: how many counts are kept at most.
    init(capacity: Int = 65_536) {
        shards = (0..<16).map { _ in Shard(capacity: max(1, capacity / 16)) }
    }

    /// Counts a request.
    /// - Parameter counts: false to ask only.
    func take(_ rule: RateRule, _ subject: Subject, now: UInt64, counts: Bool = true) -> RateDecision {
        let key = Key(rule: rule.name, subject: subject)
        var mixed = (subject.high ^ subject.low ^ UInt64(rule.name.rawValue)) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        return shards[Int(mixed & 15)].take(key, rule, now: now, counts: counts)
    }

    /// How many counts are kept.
    var count: Int { shards.reduce(0) { $0 + $1.count } }

    private final class Shard: Sendable {
        private let windows = Mutex<[Key: SlidingWindow]>([:])
        private let capacity: Int

        init(capacity: Int) { self.capacity = capacity }

        var count: Int { windows.withLock { $0.count } }

        func take(_ key: Key, _ rule: RateRule, now: UInt64, counts: Bool) -> RateDecision {
            windows.withLock { windows in
                if let index = windows.index(forKey: key) {
                    return windows.values[index].take(
                        limit: rule.limit, window: rule.window, now: now, counts: counts)
                }
                var window = SlidingWindow(now: now)
                let decision = window.take(limit: rule.limit, window: rule.window, now: now, counts: counts)
                guard counts else { return decision }
                if windows.count >= capacity { Self.makeRoom(&windows, now: now) }
                windows[key] = window
                return decision
            }
        }

        private static func makeRoom(_ windows: inout [Key: SlidingWindow], now: UInt64) {
            let before = windows.count
            // An hour is the longest window that any rule has by default.
            windows = windows.filter {
                !$0.value.isOver(now: now, window: $0.key.rule == .publish ? 3_600_000 : 60_000)
            }
            guard windows.count == before else { return }
            for key in windows.keys.prefix(max(1, before / 8)) { windows[key] = nil }
        }
    }
}
