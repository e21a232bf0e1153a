/// What a server takes at most, and how long it waits.
public struct ServerLimits: Sendable {
    /// Bytes of the request target.
    public var targetBytes = 8 << 10
    /// Bytes of one header field, name and value.
    public var headerFieldBytes = 8 << 10
    /// Header fields of a request.
    public var headerFields = 100
    /// Bytes of a request's content; each handler has its own limit below this.
    public var bodyBytes: Int64 = 1 << 40
    /// Bytes of content that a handler takes into memory at once, as JSON, where it names no limit of its own.
    public var documentBytes = 1 << 20
    /// Bytes of content that are read and thrown away so that a client that still sends can read an early answer.
    public var discardBytes: Int64 = 64 << 20
    /// Bytes of content that wait for a slow handler before the client is held back.
    public var bufferedBytes = 512 << 10
    /// Bytes of each connection's buffer; reads are half as big. It holds the whole head (what the gateway lets pass has
    /// 32 KiB, and some fields of its own), what libmicrohttpd makes of it, and the answer's head: a head that does not
    /// fit libmicrohttpd refuses by itself, in HTML.
    public var connectionBuffer = 64 << 10
    /// Open connections.
    public var connections = 10_000
    /// Threads that serve connections.
    public var threads = 2
    /// How long a connection may be silent.
    public var idle: Duration = .seconds(60)
    /// How long the head of a connection's first request may take.
    public var head: Duration = .seconds(12)
    /// A client that sends content must send at least this many bytes in each ``head`` period.
    public var slowestBody = 1024
    /// How long requests in hand may take after a stop was asked for.
    public var drain: Duration = .seconds(15)

    public init() {}
}
