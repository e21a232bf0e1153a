/// Whether a peer that we wait for moves bytes fast enough: so many in each window of ten seconds.
struct Pace {
    private var windowStart: UInt64 = 0
    private var moved = 0
    private static let window: UInt64 = 10_000

    mutating func add(_ bytes: Int) { moved += bytes }

    /// - Parameters:
    ///   - isWaiting: whether it is the peer that we wait for; the time in which we did not counts for nobody.
    ///   - rate: bytes a second at least.
    mutating func isTooSlow(now: UInt64, isWaiting: Bool, rate: Int) -> Bool {
        guard isWaiting, windowStart > 0 else {
            windowStart = now
            moved = 0
            return false
        }
        guard now >= windowStart + Self.window else { return false }
        let isTooSlow = moved < rate * 10
        windowStart = now
        moved = 0
        return isTooSlow
    }
}
