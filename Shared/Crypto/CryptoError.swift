/// Why a cryptographic operation was refused. Says nothing of keys or content.
public struct CryptoError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; new kinds may come.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// A key of the wrong length, kind, curve or encoding.
        public static let invalidKey = Code(rawValue: "invalid_key")
        /// Sealed content that was changed, cut, or sealed under another key or for another purpose.
        public static let notAuthentic = Code(rawValue: "not_authentic")
        /// A password hash that is not of the form that argon2id gives.
        public static let malformedHash = Code(rawValue: "malformed_hash")
        /// The library refused: no memory, no randomness.
        public static let libraryFailure = Code(rawValue: "library_failure")
    }

    /// The kind of failure.
    public let code: Code

    init(_ code: Code) { self.code = code }

    public var description: String { "cryptographic operation failed: \(code.rawValue)" }
}
