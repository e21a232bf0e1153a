/// Counts requests by rule and by who makes them, in this process. Bounded: where too many are counted, some start anew.
///
/// With ``SharedLimits`` it also keeps which counts changed, and adds what other gateways counted. A request never waits
/// for that.
final class RateLimiter: Sendable {
    /// Who is counted: a person's id, or an address.
    struct Subject: Sendable, Hashable {
        let high: UInt64
        let low: UInt64
    }

    /// What has a count of its own.
    struct Key: Sendable, Hashable {
        let rule: RateRule.Name
        let subject: Subject
    }

    private let shards: [RateShard]

    /// - Parameters:
    ///   - capacity: how many counts are kept at most.
    ///   - epoch: where counts are shared, the wall time at which `now` is 0, milliseconds: windows then begin at multiples
    ///     of their length since 1970, for all gateways at the same time as well as their clocks agree.
    init(capacity: Int = 65_536, epoch: UInt64? = nil) {
        shards = (0..<16).map { _ in RateShard(capacity: max(1, capacity / 16), epoch: epoch) }
    }

    /// Counts a request.
    /// - Parameter counts: false to ask only.
    func take(_ rule: RateRule, _ subject: Subject, now: UInt64, counts: Bool = true) -> RateDecision {
        let key = Key(rule: rule.name, subject: subject)
        return shard(key).take(key, rule, now: now, counts: counts)
    }

    /// How many counts are kept.
    var count: Int { shards.reduce(0) { $0 + $1.count } }

    /// The counts that changed since they were last asked for; those beyond `most` wait for the next time.
    func changes(_ rules: RateRules, most: Int, now: UInt64) -> [RateChange] {
        var changes: [RateChange] = []
        // From another shard each time, so that none waits for ever.
        let first = Int.random(in: shards.indices)
        for index in shards.indices where changes.count < most {
            changes += shards[(first + index) % shards.count].changes(rules, most: most - changes.count, now: now)
        }
        return changes
    }

    /// Changes that could not be told are to be told again.
    func keep(_ changes: [RateChange]) { for change in changes { shard(change.key).keep(change.key) } }

    /// Takes over what the others counted.
    func learn(_ change: RateChange, _ others: RateChange.Others, now: UInt64) {
        shard(change.key).learn(change, others, now: now)
    }

    private func shard(_ key: Key) -> RateShard {
        var mixed = (key.subject.high ^ key.subject.low ^ UInt64(key.rule.rawValue)) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        return shards[Int(mixed & 15)]
    }
}
