import Auth
import FoundationEssentials
import HTTP
import WebSocket

/// What happens in the caller's workspace, live: `GET /api/v1/events` as server-sent events, `GET /api/v1/realtime` as a
/// WebSocket. Both read on after `Last-Event-ID` (or `?lastEventId=`, because browsers' WebSockets send no headers).
struct LiveRoutes: Sendable {
    let live: LiveStream
    let tokens: TokenVerifier
    /// Where the pages come from that may open a WebSocket with a cookie.
    let publicURL: String

    func add(to routes: inout Router) {
        routes.get(
            "/api/v1/events",
            tokens.authenticated { request, principal in
                try live.hub.checkRoom()
                let last = try Self.position(request.headers["Last-Event-ID"] ?? request.query["lastEventId"])
                return HTTPResponse.eventStream { writer in
                    try await writer.retry(after: 1000)
                    try await live.run(principal, after: last, to: EventStreamSink(writer: writer))
                }
            })
        routes.get("/api/v1/realtime", tokens.authenticated(realtime))
    }

    @Sendable private func realtime(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try live.hub.checkRoom()
        let last = try Self.position(request.headers["Last-Event-ID"] ?? request.query["lastEventId"])
        var options = WebSocketOptions()
        // A browser says where a page is from, and would send its cookies for any: only our own may connect.
        if request.headers.contains("Origin") { options.origins = [Self.origin(publicURL)] }
        return try WebSocket.upgrade(request, options: options) { socket in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await live.run(principal, after: last, to: SocketSink(socket: socket)) }
                // Nothing is expected from the client but its goodbye.
                group.addTask { while try await socket.receive() != nil {} }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private static func origin(_ text: String) -> String {
        guard let url = URL(string: text), let scheme = url.scheme, let host = url.host() else { return text }
        return "\(scheme)://\(host)" + (url.port.map { ":\($0)" } ?? "")
    }

    /// The number after which the listener reads on; `nil` for "from now on".
    static func position(_ text: String?) throws -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw Problem.invalid(field: "Last-Event-ID", reason: "is not one that a stream gave")
        }
        return number
    }
}
