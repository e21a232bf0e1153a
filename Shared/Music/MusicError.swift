/// Why music could not be made.
public struct MusicError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault; more may come.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The length is outside ``Composer/lengthMs``.
        public static let invalidLength = Code(rawValue: "invalid_length")
        /// The sound font cannot be read.
        public static let noSoundFont = Code(rawValue: "no_sound_font")
        /// The synthesiser failed.
        public static let synthesiserFailed = Code(rawValue: "synthesiser_failed")
    }

    /// The kind of fault.
    public let code: Code
    /// What happened.
    public let reason: String

    /// - Parameter reason: what happened, for logs.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the same call may succeed later.
    public var isRetriable: Bool { code == .synthesiserFailed }

    public var description: String { "\(code.rawValue): \(reason)" }
}
