public import FoundationEssentials

/// Judges by tries whether something is away: neither one failure nor a short time is enough, and one success ends it.
///
/// So a server that is restarted within `time` is never away, and one that is away is told once.
public struct Outage: Sendable, Equatable {
    /// How many tries in a row must have failed.
    public let tries: Int
    /// How long they must have failed, from the beginning of the first.
    public let time: Duration
    private var failures = 0
    private var began: ContinuousClock.Instant?
    /// Since when it is away; `nil` where it is not.
    public private(set) var since: Date?

    /// Whether the last try failed.
    public var isSuspected: Bool { failures > 0 }

    /// Two tries over two seconds by default.
    public init(tries: Int = 2, time: Duration = .seconds(2)) {
        self.tries = tries
        self.time = time
    }

    /// A try failed.
    /// - Parameter began: when the try was begun.
    /// - Returns: whether it counts as away from now on, and did not before.
    @discardableResult
    public mutating func failed(
        began start: ContinuousClock.Instant, now: ContinuousClock.Instant = .now
    ) -> Bool {
        failures += 1
        let first = min(began ?? start, start)
        began = first
        guard since == nil, failures >= tries, now - first >= time else { return false }
        since = Date() - (now - first).seconds
        return true
    }

    /// It answered.
    /// - Returns: whether it counted as away before.
    @discardableResult
    public mutating func succeeded() -> Bool {
        defer { (failures, began, since) = (0, nil, nil) }
        return since != nil
    }
}
