internal import CCurl
internal import FoundationEssentials
internal import HTTP
internal import Primitives

/// A mail server to hand messages to.
public struct SMTPServer: Sendable {
    /// Whether the connection is encrypted by STARTTLS (RFC 3207): never, where the server offers it, or else no mail.
    public enum Security: Sendable { case none, opportunistic, required }

    /// The name or address of the server; no MX records are asked for.
    public var host: String
    /// 25 between servers, 587 for submission.
    public var port: Int
    /// Whether the connection is encrypted; where possible by default.
    public var security: Security
    /// Who logs in; `nil` sends without.
    public var user: String?
    /// The password for ``user``.
    public var password: String?
    /// The time for a whole message, the connection included.
    public var timeout: Duration = .seconds(30)

    /// A server with 30 s for each message.
    public init(
        host: String, port: Int, security: Security = .opportunistic, user: String? = nil, password: String? = nil
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.user = user
        self.password = password
    }
}

/// Hands messages to a mail server (RFC 5321).
public struct SMTPClient: Sendable {
    private let server: SMTPServer
    private let client: HTTPClient

    /// - Parameter client: on whose thread mails are sent.
    public init(_ server: SMTPServer, over client: HTTPClient) {
        self.server = server
        self.client = client
    }

    /// Returns when the server took the message.
    /// - Throws: ``HTTPClientError``: `rejected` for a permanent refusal (with its ``HTTPClientError/replyCode``).
    public func send(_ message: SMTPMessage) async throws {
        for address in [message.from.address] + message.to.map(\.address) where !MailAddress.isPlain(address) {
            throw HTTPClientError(.invalidRequest, detail: "an address is not valid", outcomeUnknown: false)
        }
        let server = server
        let from = message.from.address
        let recipients = message.to.map { "<\($0.address)>" }
        try await client.run(upload: message.rendered()) { handle in
            handle.set(CURLOPT_URL, "smtp://\(server.host):\(server.port)/atelier")
            handle.set(CURLOPT_NOSIGNAL, 1)
            handle.set(CURLOPT_PROTOCOLS_STR, "smtp")
            handle.set(CURLOPT_PROXY, "")
            handle.set(CURLOPT_UPLOAD, 1)
            handle.set(CURLOPT_TIMEOUT_MS, server.timeout)
            let security: Int =
                switch server.security {
                case .none: ATELIER_CURL_USESSL_NONE
                case .opportunistic: ATELIER_CURL_USESSL_TRY
                case .required: ATELIER_CURL_USESSL_ALL
                }
            handle.set(CURLOPT_USE_SSL, security)
            if let user = server.user { handle.set(CURLOPT_USERNAME, user) }
            if let password = server.password { handle.set(CURLOPT_PASSWORD, password) }
            handle.set(CURLOPT_MAIL_FROM, "<\(from)>")
            handle.setRecipients(recipients)
        }
    }
}
