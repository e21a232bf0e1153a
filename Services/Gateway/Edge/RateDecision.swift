/// What a rate limit says to one request. Times are whole seconds.
struct RateDecision: Sendable, Equatable {
    let isAllowed: Bool
    let limit: Int
    let remaining: Int
    /// Until the present window ends.
    let reset: Int
    /// Until another request would be taken; 0 where this one is.
    let retryAfter: Int
}
