/// A request method of RFC 9110 §9 and RFC 5789 that this product answers.
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    case GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS

    /// The method changes nothing (RFC 9110 §9.2.1).
    public var isSafe: Bool { self == .GET || self == .HEAD || self == .OPTIONS }
    /// Doing it twice has the effect of doing it once (RFC 9110 §9.2.2).
    public var isIdempotent: Bool { isSafe || self == .PUT || self == .DELETE }
}
