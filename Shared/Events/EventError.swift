/// Why an event cannot be written or read. None of these goes away by trying again.
public struct EventError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault; new ones may come.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The name, for logs and dead letters.
        public let rawValue: String
        /// A kind by its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The bytes are no message of that type, or lack what is required.
        public static let malformed = Code(rawValue: "malformed")
        /// A header that CloudEvents demands is absent or wrong.
        public static let headers = Code(rawValue: "headers")
        /// No such message is known here.
        public static let unknownType = Code(rawValue: "unknown_type")
        /// More than ``EventLimits/payloadBytes``.
        public static let tooLarge = Code(rawValue: "too_large")
        /// The record has no value (a tombstone).
        public static let empty = Code(rawValue: "empty")
        /// A value that the message cannot carry, such as NUL in text.
        public static let unwritable = Code(rawValue: "unwritable")
    }

    /// The kind of fault.
    public let code: Code
    /// What is wrong, without the content.
    public let reason: String

    /// An error of a kind.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "event \(code.rawValue): \(reason)" }
}

/// Bounds of events.
public enum EventLimits {
    /// A larger payload is refused when it is appended: files travel as asset ids.
    public static let payloadBytes = 900_000
}
