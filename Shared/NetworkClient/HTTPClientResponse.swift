public import FoundationEssentials
public import HTTP

/// An answer, its head read and its content on the way. To drop it unread closes the connection.
public struct HTTPClientResponse: Sendable {
    public let status: HTTPStatus
    public let headers: HTTPHeaders
    public let body: HTTPBody

    public init(status: HTTPStatus, headers: HTTPHeaders, body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// All of the content.
    /// - Throws: ``HTTPClientError``; ``Problem`` 413 over `limit` bytes.
    public func data(upTo limit: Int = 4 << 20) async throws -> Data { try await body.collect(upTo: limit) }
}
