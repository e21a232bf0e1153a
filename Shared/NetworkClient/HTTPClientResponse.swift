public import FoundationEssentials
public import HTTP

/// An answer, its head read and its content on the way. To drop it unread closes the connection.
public struct HTTPClientResponse: Sendable {
    /// The status of the last answer; informational ones and followed redirects are not seen.
    public let status: HTTPStatus
    /// The header fields of that answer.
    public let headers: HTTPHeaders
    /// The content; once it is read to its end, the connection serves the next request.
    public let body: HTTPBody

    /// An answer of words alone, for tests; a true one comes from ``HTTPClient/execute(_:)``.
    public init(status: HTTPStatus, headers: HTTPHeaders, body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// All of the content.
    /// - Throws: ``HTTPClientError``; ``Problem`` 413 over `limit` bytes.
    public func data(upTo limit: Int = 4 << 20) async throws -> Data { try await body.collect(upTo: limit) }
}
