/// Counts events of the last window: the present fixed window, and of the one before as much as still lies within reach.
/// Never admits more than the limit in a window as it goes by, and needs three numbers for it.
///
/// The approximation assumes that the events of the window before were spread evenly over it.
struct SlidingWindow: Sendable, Equatable {
    private var start: UInt64
    private var current: Double = 0
    private var previous: Double = 0

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
        let used = previous * (1 - elapsed / length) + current
        let allowed = used + 1 <= Double(limit)
        if allowed, counts { current += 1 }
        let left = Double(limit) - used - (allowed && counts ? 1 : 0)
        return RateDecision(
            isAllowed: allowed, limit: limit, remaining: max(0, Int(left)),
            reset: Self.seconds(length - elapsed),
            retryAfter: allowed ? 0 : Self.seconds(wait(limit: Double(limit), length: length, elapsed: elapsed)))
    }

    private mutating func roll(now: UInt64, window: UInt64) {
        guard now >= start + window else { return }
        if now >= start + 2 * window {
            self = SlidingWindow(now: now)
        } else {
            start += window
            previous = current
            current = 0
        }
    }

    /// Milliseconds until one more event fits.
    private func wait(limit: Double, length: Double, elapsed: Double) -> Double {
        if current + 1 <= limit, previous > 0 {
            return max(0, length * (1 - (limit - 1 - current) / previous) - elapsed)
        }
        guard current > 0 else { return length - elapsed }
        return (length - elapsed) + max(0, length * (1 - (limit - 1) / current))
    }

    private static func seconds(_ milliseconds: Double) -> Int { max(1, Int((milliseconds / 1000).rounded(.up))) }
}
