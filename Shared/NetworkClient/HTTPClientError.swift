/// A request that got no whole answer.
public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; open for more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        public static let invalidRequest = Code("invalid request")
        public static let unresolved = Code("unresolved host")
        public static let refused = Code("connection refused")
        public static let timedOut = Code("timed out")
        public static let reset = Code("connection reset")
        public static let tls = Code("TLS failure")
        public static let tooManyRedirects = Code("too many redirects")
        public static let forbiddenAddress = Code("forbidden address")
        public static let invalidAnswer = Code("invalid answer")
        /// A mail server refused the message for good.
        public static let rejected = Code("rejected")
        public static let other = Code("transfer failed")
    }

    public let code: Code
    /// For logs; names no secret.
    public let detail: String
    /// The peer may have acted on the request: a request that is not idempotent must not be sent again blindly.
    public let outcomeUnknown: Bool
    /// The status of a mail server's answer, where there was one.
    public let replyCode: Int?

    public init(_ code: Code, detail: String, outcomeUnknown: Bool, replyCode: Int? = nil) {
        self.code = code
        self.detail = detail
        self.outcomeUnknown = outcomeUnknown
        self.replyCode = replyCode
    }

    /// Another try may succeed (whether it is safe, ``outcomeUnknown`` tells).
    public var isRetriable: Bool {
        ![.invalidRequest, .tooManyRedirects, .forbiddenAddress, .invalidAnswer, .rejected].contains(code)
    }

    public var description: String { "\(code): \(detail)" }
}
