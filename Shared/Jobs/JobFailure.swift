/// Why a handler could not do its job.
public struct JobFailure: Error, Sendable, CustomStringConvertible {
    /// A stable name, as in `unsupported_codec`.
    public let code: String
    /// What people are told; no secret and no internals.
    public let message: String
    /// Whether another try may succeed.
    public let retriable: Bool
    /// When to try again at the earliest, where the other side said so.
    public let retryAfter: Duration?

    /// A failure with its stable code and the words for people.
    public init(_ code: String, _ message: String, retriable: Bool, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retriable = retriable
        self.retryAfter = retryAfter
    }

    /// Code and message.
    public var description: String { "\(code): \(message)" }
}
