public import HTTP

/// Why credentials were refused. The client is told nothing of it: every refusal has the same answer (R26).
public struct AuthenticationFailure: Error, Sendable, Equatable, ProblemConvertible, CustomStringConvertible {
    /// The reason, for logs and metrics; new reasons may come.
    public struct Reason: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let missing = Reason(rawValue: "missing")
        public static let malformed = Reason(rawValue: "malformed")
        public static let wrongAlgorithm = Reason(rawValue: "wrong_algorithm")
        public static let wrongType = Reason(rawValue: "wrong_type")
        public static let wrongIssuer = Reason(rawValue: "wrong_issuer")
        public static let wrongAudience = Reason(rawValue: "wrong_audience")
        public static let unknownKey = Reason(rawValue: "unknown_key")
        public static let badSignature = Reason(rawValue: "bad_signature")
        public static let expired = Reason(rawValue: "expired")
        public static let notYetValid = Reason(rawValue: "not_yet_valid")
        public static let revoked = Reason(rawValue: "revoked")
    }

    public let reason: Reason

    public init(_ reason: Reason) { self.reason = reason }

    public var problem: Problem { .unauthorized() }
    public var description: String { "credentials refused: \(reason.rawValue)" }
}
