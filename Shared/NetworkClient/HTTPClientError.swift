/// A request that got no whole answer.
public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; open for more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A URL, an address or a header field that cannot be sent. Nothing was.
        public static let invalidRequest = Code("invalid request")
        /// No address is known for the host's name.
        public static let unresolved = Code("unresolved host")
        /// Nothing listens at the address, or it cannot be reached.
        public static let refused = Code("connection refused")
        /// One of the request's limits of time ran out.
        public static let timedOut = Code("timed out")
        /// The connection broke before the whole answer was there.
        public static let reset = Code("connection reset")
        /// No trust: the certificate does not hold, or the peer speaks no TLS.
        public static let tls = Code("TLS failure")
        /// More than five redirects.
        public static let tooManyRedirects = Code("too many redirects")
        /// The host is of this machine or of a private network, and the request may not go there.
        public static let forbiddenAddress = Code("forbidden address")
        /// What came is no HTTP, not the expected content, or nothing.
        public static let invalidAnswer = Code("invalid answer")
        /// A mail server refused the message for good.
        public static let rejected = Code("rejected")
        /// Everything that curl has no better word for.
        public static let other = Code("transfer failed")
    }

    /// What went wrong.
    public let code: Code
    /// For logs; names no secret.
    public let detail: String
    /// The peer may have acted on the request: a request that is not idempotent must not be sent again blindly.
    public let outcomeUnknown: Bool
    /// The status of a mail server's answer, where there was one.
    public let replyCode: Int?

    /// - Parameter outcomeUnknown: whether the peer may have acted on the request; so from the first byte that was
    ///   sent.
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
