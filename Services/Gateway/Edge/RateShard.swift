internal import Synchronization

/// A part of the counts of a ``RateLimiter``, behind a lock of its own.
final class RateShard: Sendable {
    private typealias Key = RateLimiter.Key

    private struct Entry {
        var window: SlidingWindow
        /// Whether its key stands in `changed`.
        var isChanged = false
        /// The beginning of the window whose predecessor is settled: told to the others, and theirs known.
        var settled: UInt64?
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// The keys of entries that changed, and of some that are gone.
        var changed: [Key] = []
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let epoch: UInt64?
    /// How long after a window's beginning others may still tell what they counted in the one before, milliseconds.
    private static let settling: UInt64 = 2_000

    /// - Parameter epoch: as in ``RateLimiter/init(capacity:epoch:)``.
    init(capacity: Int, epoch: UInt64?) {
        self.capacity = capacity
        self.epoch = epoch
    }

    var count: Int { state.withLock { $0.entries.count } }

    func take(_ key: RateLimiter.Key, _ rule: RateRule, now: UInt64, counts: Bool) -> RateDecision {
        state.withLock { state in
            if let index = state.entries.index(forKey: key) {
                let decision = state.entries.values[index].window.take(
                    limit: rule.limit, window: rule.window, now: now, counts: counts)
                if epoch != nil, counts, decision.isAllowed, !state.entries.values[index].isChanged,
                    state.changed.count < capacity
                {
                    state.entries.values[index].isChanged = true
                    state.changed.append(key)
                }
                return decision
            }
            var window = SlidingWindow(now: beginning(of: rule.window, now: now))
            let decision = window.take(limit: rule.limit, window: rule.window, now: now, counts: counts)
            guard counts else { return decision }
            if state.entries.count >= capacity { Self.makeRoom(&state.entries, now: now) }
            let isTold = epoch != nil && state.changed.count < capacity
            state.entries[key] = Entry(window: window, isChanged: isTold)
            if isTold { state.changed.append(key) }
            return decision
        }
    }

    /// As ``RateLimiter/changes(_:most:now:)``.
    func changes(_ rules: RateRules, most: Int, now: UInt64) -> [RateChange] {
        guard let epoch else { return [] }
        return state.withLock { state in
            let keys = Array(state.changed.prefix(most))
            state.changed.removeFirst(keys.count)
            return keys.compactMap { key in
                guard let index = state.entries.index(forKey: key), state.entries.values[index].isChanged else {
                    return nil
                }
                let length = rules[key.rule].window
                state.entries.values[index].isChanged = false
                state.entries.values[index].window.roll(now: now, window: length)
                let entry = state.entries.values[index]
                let (start, current, previous) = (entry.window.start, entry.window.current, entry.window.previous)
                guard current + previous > 0 else { return nil }
                return RateChange(
                    key: key, start: start, window: length, number: (start + epoch) / length, current: Int(current),
                    previous: entry.settled == start ? nil : Int(previous))
            }
        }
    }

    /// As ``RateLimiter/keep(_:)``.
    func keep(_ key: RateLimiter.Key) {
        state.withLock { state in
            guard let index = state.entries.index(forKey: key), !state.entries.values[index].isChanged,
                state.changed.count < capacity
            else { return }
            state.entries.values[index].isChanged = true
            state.changed.append(key)
        }
    }

    /// As ``RateLimiter/learn(_:_:now:)``.
    func learn(_ change: RateChange, _ others: RateChange.Others, now: UInt64) {
        state.withLock { state in
            guard let index = state.entries.index(forKey: change.key) else { return }
            state.entries.values[index].window.learn(others.current, from: change.start, window: change.window)
            guard let previous = others.previous else { return }
            state.entries.values[index].window.learn(
                previous, from: change.start - min(change.start, change.window), window: change.window)
            if now >= change.start + Self.settling { state.entries.values[index].settled = change.start }
        }
    }

    private func beginning(of length: UInt64, now: UInt64) -> UInt64 {
        guard let epoch else { return now }
        return now - min(now, (now + epoch) % length)
    }

    private static func makeRoom(_ entries: inout [Key: Entry], now: UInt64) {
        let before = entries.count
        // An hour is the longest window that any rule has by default.
        entries = entries.filter {
            !$0.value.window.isOver(now: now, window: $0.key.rule == .publish ? 3_600_000 : 60_000)
        }
        guard entries.count == before else { return }
        for key in entries.keys.prefix(max(1, before / 8)) { entries[key] = nil }
    }
}
