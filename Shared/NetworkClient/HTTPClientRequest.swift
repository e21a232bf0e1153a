public import FoundationEssentials
public import HTTP

/// A request to another process.
public struct HTTPClientRequest: Sendable {
    /// What is sent along.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// Content that is in memory.
        case data(Data)
        /// Read at the peer's pace; `length` in bytes where known (else chunked).
        case stream(HTTPBody, length: Int64?)
        /// A part of a file.
        case file(FileRegion)
    }

    /// What is asked for.
    public var method: HTTPMethod
    /// An absolute `http` or `https` URL, percent-encoded.
    public var url: String
    /// The header fields; `Host` and the length are curl's, the trace and its request id are added where absent.
    public var headers: HTTPHeaders
    /// What is sent along; nothing by default.
    public var body: Body
    /// The time for all of it, the answer's content included; `nil` for transfers whose length nobody knows.
    public var timeout: Duration?
    /// The time for name, connection and TLS together.
    public var connectTimeout: Duration = .seconds(5)
    /// A transfer that moves no byte for this long is given up.
    public var idleTimeout: Duration = .seconds(60)
    /// Whether `Location` is followed; each target is held to ``allowsPrivateAddresses``.
    public var followRedirects = false
    /// Whether addresses of this machine and of private networks may be reached. Off for URLs that a client gave.
    public var allowsPrivateAddresses = true
    /// Waits for `100 Continue` before content is sent, so that a refusal costs nothing.
    public var expectContinue = false
    /// Signs the request for an S3-compatible store.
    public var signing: SigV4?

    /// - Parameters:
    ///   - url: absolute, percent-encoded.
    ///   - timeout: for all of it; ``connectTimeout`` and ``idleTimeout`` hold beside it.
    public init(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none,
        timeout: Duration? = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    /// A request with a value as JSON.
    public static func json(
        _ method: HTTPMethod, _ url: String, _ value: some Encodable, headers: HTTPHeaders = HTTPHeaders(),
        timeout: Duration? = .seconds(30)
    ) throws -> HTTPClientRequest {
        var headers = headers
        headers.set("Content-Type", "application/json")
        return HTTPClientRequest(method, url, headers: headers, body: .data(try encode(value)), timeout: timeout)
    }
}
