internal import FoundationEssentials

/// Writes server-sent events (WHATWG HTML §9.2).
public struct EventStreamWriter: Sendable {
    private let writer: BodyWriter

    /// - Parameter writer: that of the answer, which must have the type `text/event-stream`.
    public init(_ writer: BodyWriter) { self.writer = writer }

    /// Sends one event.
    /// - Throws: ``PeerGone`` where nobody listens any more.
    public func send(_ data: String, event: String? = nil, id: String? = nil) async throws {
        var text = ""
        if let id { text += "id: \(Self.line(id))\n" }
        if let event { text += "event: \(Self.line(event))\n" }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            text += "data: \(line)\n"
        }
        try await writer.write(Data((text + "\n").utf8))
    }

    /// Sends a comment: keeps proxies from closing, and shows whether the peer is still there.
    public func keepAlive() async throws { try await writer.write(Data(":\n\n".utf8)) }

    /// Tells how long a client waits before it comes again.
    public func retry(after milliseconds: Int) async throws {
        try await writer.write(Data("retry: \(milliseconds)\n\n".utf8))
    }

    private static func line(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
}

extension HTTPResponse {
    /// An answer of server-sent events, for as long as `body` runs.
    public static func eventStream(
        headers: HTTPHeaders = HTTPHeaders(), _ body: @escaping @Sendable (EventStreamWriter) async throws -> Void
    ) -> HTTPResponse {
        var headers = headers
        headers.set("Content-Type", "text/event-stream")
        headers.set("Cache-Control", "no-store")
        headers.set("X-Accel-Buffering", "no")
        return HTTPResponse(.ok, headers: headers, body: .stream(length: nil) { try await body(EventStreamWriter($0)) })
    }
}
