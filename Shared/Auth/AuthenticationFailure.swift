public import HTTP

/// Why credentials were refused. The client is told nothing of it: every refusal has the same answer (R26).
public struct AuthenticationFailure: Error, Sendable, Equatable, ProblemConvertible, CustomStringConvertible {
    /// The reason, for logs and metrics; new reasons may come.
    public struct Reason: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// No credentials where some are needed.
        public static let missing = Reason(rawValue: "missing")
        /// Not the compact form of a JWS, or claims that are absent or of the wrong shape.
        public static let malformed = Reason(rawValue: "malformed")
        /// `alg` is not ES256: what a token names itself is never trusted (RFC 8725 §3.1).
        public static let wrongAlgorithm = Reason(rawValue: "wrong_algorithm")
        /// `typ` is not that of an access token.
        public static let wrongType = Reason(rawValue: "wrong_type")
        /// `iss` is not this product.
        public static let wrongIssuer = Reason(rawValue: "wrong_issuer")
        /// `aud` is not this product's API.
        public static let wrongAudience = Reason(rawValue: "wrong_audience")
        /// No key of that identifier is published.
        public static let unknownKey = Reason(rawValue: "unknown_key")
        /// The signature does not belong to the content.
        public static let badSignature = Reason(rawValue: "bad_signature")
        /// `exp` has passed, by more than clocks may differ.
        public static let expired = Reason(rawValue: "expired")
        /// `iat` or `nbf` lies ahead, by more than clocks may differ.
        public static let notYetValid = Reason(rawValue: "not_yet_valid")
        /// The life from `iat` to `exp` is one that no token of ours has: none at all, or longer than the longest.
        public static let wrongLifetime = Reason(rawValue: "wrong_lifetime")
        /// Its session ended before it did.
        public static let revoked = Reason(rawValue: "revoked")
        /// A service's proof is malformed, over, meant for another service, or made with another secret.
        public static let badServiceToken = Reason(rawValue: "bad_service_token")
    }

    /// Why; for logs and metrics only.
    public let reason: Reason

    /// A refusal for this reason.
    public init(_ reason: Reason) { self.reason = reason }

    /// 401 with the same words for every reason.
    public var problem: Problem { .unauthorized() }
    public var description: String { "credentials refused: \(reason.rawValue)" }
}
