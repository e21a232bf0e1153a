/// A count that changed here and is to be told to the other gateways.
struct RateChange: Sendable, Equatable {
    /// What others counted.
    struct Others: Sendable, Equatable {
        let current: Double
        /// `nil` where it was not asked for.
        let previous: Double?
    }

    let key: RateLimiter.Key
    /// When the present window began, by the clock of the loops, and how long it is; milliseconds.
    let start: UInt64
    let window: UInt64
    /// Which window that is: how many of its length went by since 1970.
    let number: UInt64
    /// What was counted here in the present window, all of it.
    let current: Int
    /// The same of the one before; `nil` where the others know it, and their count of it is known.
    let previous: Int?
}
