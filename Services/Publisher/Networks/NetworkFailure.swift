/// Why a network did not do what it was asked.
enum NetworkFailure: Error, Sendable, Equatable {
    /// Too many calls; not done. Later, by the network's own word.
    case rateLimited(retryAfter: Duration)
    /// The access token does not hold; not done.
    case unauthorized
    /// Not done, and never will be.
    case refused(code: String, message: String)
    /// Not done; may work later.
    case unavailable(String)
    /// Done or not: nobody knows without asking.
    case outcomeUnknown(String)
}
