/// Counts events of the last window: the present fixed window, and of the one before as much as still lies within reach.
/// Never admits more than the limit in a window as it goes by, and needs few numbers for it.
///
/// The approximation assumes that the events of the window before were spread evenly over it. What other gateways
/// counted in the same two windows is added to what was counted here.
struct SlidingWindow: Sendable, Equatable {
    /// When the present window began.
    private(set) var start: UInt64
    /// What was counted here.
    private(set) var current: Double = 0
    private(set) var previous: Double = 0
    /// What is known of the others.
    private var othersCurrent: Double = 0
    private var othersPrevious: Double = 0

    init(now: UInt64) { start = now }

    /// Whether nothing counts any more.
    func isOver(now: UInt64, window: UInt64) -> Bool { now >= start + 2 * window }

    /// Counts one event where the limit allows it.
    /// - Parameter counts: false to ask only.
    mutating func take(limit: Int, window: UInt64, now: UInt64, counts: Bool = true) -> RateDecision {
        roll(now: now, window: window)
        let length = Double(window)
        // Loops read the clock at their own turns: another may have been a little ahead when it began this window.
        let elapsed = now > start ? Double(now - start) : 0
        let used = (previous + othersPrevious) * (1 - elapsed / length) + current + othersCurrent
        let allowed = used + 1 <= Double(limit)
        if allowed, counts { current += 1 }
        let left = Double(limit) - used - (allowed && counts ? 1 : 0)
        return RateDecision(
            isAllowed: allowed, limit: limit, remaining: max(0, Int(left)),
            reset: Self.seconds(length - elapsed),
            retryAfter: allowed ? 0 : Self.seconds(wait(limit: Double(limit), length: length, elapsed: elapsed)))
    }

    /// Takes over what the others counted in the window that began at `start`; of another window it says nothing any more.
    /// A count only grows: a Redis that forgot does not let anybody begin anew.
    mutating func learn(_ count: Double, from start: UInt64, window: UInt64) {
        if start == self.start {
            othersCurrent = max(othersCurrent, count)
        } else if start + window == self.start {
            othersPrevious = max(othersPrevious, count)
        }
    }

    /// Goes on to the window of `now`. All windows of a subject begin at multiples of their length after the first.
    mutating func roll(now: UInt64, window: UInt64) {
        guard now >= start + window else { return }
        if isOver(now: now, window: window) {
            self = SlidingWindow(now: now - (now - start) % window)
        } else {
            start += window
            (previous, othersPrevious) = (current, othersCurrent)
            (current, othersCurrent) = (0, 0)
        }
    }

    /// Milliseconds until one more event fits.
    private func wait(limit: Double, length: Double, elapsed: Double) -> Double {
        let (before, present) = (previous + othersPrevious, current + othersCurrent)
        if present + 1 <= limit, before > 0 {
            return max(0, length * (1 - (limit - 1 - present) / before) - elapsed)
        }
        guard present > 0 else { return length - elapsed }
        return (length - elapsed) + max(0, length * (1 - (limit - 1) / present))
    }

    private static func seconds(_ milliseconds: Double) -> Int { max(1, Int((milliseconds / 1000).rounded(.up))) }
}
