/// Why speech could not be made.
public struct SpeechError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault; more may come.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The text holds nothing that can be spoken.
        public static let nothingToSay = Code(rawValue: "nothing_to_say")
        /// The text is longer than ``Narration/maximumCharacters``.
        public static let textTooLong = Code(rawValue: "text_too_long")
        /// No engine here speaks the language.
        public static let unsupportedLanguage = Code(rawValue: "unsupported_language")
        /// The engine is not installed, or could not be started.
        public static let engineUnavailable = Code(rawValue: "engine_unavailable")
        /// The engine failed in its work.
        public static let engineFailed = Code(rawValue: "engine_failed")
        /// The engine took too long.
        public static let timedOut = Code(rawValue: "timed_out")
    }

    /// The kind of fault.
    public let code: Code
    /// What happened, without any of the text that was to be spoken.
    public let reason: String

    /// - Parameter reason: what happened, without any of the text that was to be spoken.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the same call may succeed later.
    public var isRetriable: Bool { code == .engineFailed || code == .timedOut }

    public var description: String { "\(code.rawValue): \(reason)" }
}
