public import FoundationEssentials
internal import Primitives

/// An answer.
public struct HTTPResponse: Sendable {
    /// What an answer carries.
    public enum Body: Sendable {
        /// No content.
        case empty
        /// Content that is in memory.
        case data(Data)
        /// A part of a file, sent without passing through this process's memory.
        case file(FileRegion)
        /// Written as it comes: each write waits until the peer takes it. `length` in bytes where known (else chunked).
        case stream(length: Int64?, @Sendable (BodyWriter) async throws -> Void)
        /// The connection itself, after `101 Switching Protocols`. The connection closes when the closure returns.
        case upgrade(@Sendable (any DuplexStream) async -> Void)
    }

    /// The status of the answer.
    public var status: HTTPStatus
    /// The header fields; the server sets `Content-Length`, `Transfer-Encoding` and `Connection` by itself.
    public var headers: HTTPHeaders
    /// The content.
    public var body: Body

    /// An answer as given; nothing is added.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A value as JSON.
    public static func json(
        _ status: HTTPStatus = .ok, _ value: some Encodable, headers: HTTPHeaders = HTTPHeaders()
    ) throws -> HTTPResponse {
        var headers = headers
        headers.set("Content-Type", "application/json")
        return HTTPResponse(status, headers: headers, body: .data(try JSON.encode(value)))
    }

    /// Plain text in UTF-8.
    public static func text(_ text: String, status: HTTPStatus = .ok, type: String = "text/plain; charset=utf-8")
        -> HTTPResponse
    {
        HTTPResponse(status, headers: ["Content-Type": type], body: .data(Data(text.utf8)))
    }

    /// 204 without content.
    public static let noContent = HTTPResponse(.noContent)

    /// The length of the content in bytes where it is known.
    public var contentLength: Int64? {
        switch body {
        case .empty: 0
        case .data(let data): Int64(data.count)
        case .file(let region): region.length
        case .stream(let length, _): length
        case .upgrade: nil
        }
    }
}

/// A part of a file, opened when it is sent.
public struct FileRegion: Sendable {
    /// The file's path; it is opened when the answer is sent.
    public let path: String
    /// Where the part begins, in bytes.
    public let offset: Int64
    /// The bytes of the part; the file must have them.
    public let length: Int64

    /// - Parameters:
    ///   - offset: where the part begins, in bytes.
    ///   - length: bytes, which the file must have.
    public init(path: String, offset: Int64, length: Int64) {
        self.path = path
        self.offset = offset
        self.length = length
    }
}

/// Takes the chunks of an answer that is written as it comes.
public struct BodyWriter: Sendable {
    private let sink: @Sendable (Data) async throws -> Void

    /// - Parameter sink: takes a chunk; returns when there is room for more.
    public init(_ sink: @escaping @Sendable (Data) async throws -> Void) { self.sink = sink }

    /// Returns when there is room for more.
    /// - Throws: ``PeerGone`` where the peer does not want the rest; `CancellationError`.
    public func write(_ data: Data) async throws {
        if !data.isEmpty { try await sink(data) }
    }
}

/// The peer closed the connection.
public struct PeerGone: Error, Sendable, CustomStringConvertible {
    public init() {}
    public var description: String { "the peer closed the connection" }
}

/// A connection as raw bytes both ways, after an upgrade. One reader and one writer at a time.
public protocol DuplexStream: Sendable {
    /// The next bytes; `nil` where the peer closed.
    func read() async throws -> Data?
    /// Returns when the bytes are handed to the kernel.
    func write(_ data: Data) async throws
    /// Closes both ways; pending reads and writes end.
    func close()
}
