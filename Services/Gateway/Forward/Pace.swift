/// Whether a peer that we wait for moves bytes fast enough: so many in each window of some seconds.
struct Pace {
    private var windowStart: UInt64 = 0
    private var moved = 0
    private let window: UInt64

    /// - Parameter window: milliseconds.
    init(window: UInt64) { self.window = window }

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
        guard now >= windowStart + window else { return false }
        let isTooSlow = moved < rate * Int(window / 1000)
        windowStart = now
        moved = 0
        return isTooSlow
    }

    /// What follows is another exchange: the time before it counts for nobody.
    mutating func reset() { windowStart = 0 }
}
