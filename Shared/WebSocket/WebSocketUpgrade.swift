internal import Crypto
internal import FoundationEssentials
public import HTTP

extension WebSocket {
    /// The answer that turns a connection into a WebSocket (RFC 6455 §4.2).
    ///
    ///     routes.get("/realtime") { request in
    ///         try WebSocket.upgrade(request) { socket in
    ///             while let message = try await socket.receive() { try await socket.send(message) }
    ///         }
    ///     }
    ///
    /// The connection closes when `handler` returns: with 1000, with 1001 where the server stops, else with 1011.
    /// - Throws: ``Problem``: 426 where this is no WebSocket request, 400 where it is malformed, 403 for a foreign origin.
    public static func upgrade(
        _ request: HTTPRequest, options: WebSocketOptions = WebSocketOptions(),
        _ handler: @escaping @Sendable (WebSocket) async throws -> Void
    ) throws -> HTTPResponse {
        guard request.headers.list("Upgrade").contains(where: { $0.equalsIgnoringCase("websocket") }),
            request.headers.list("Connection").contains(where: { $0.equalsIgnoringCase("upgrade") })
        else {
            throw Problem(
                .upgradeRequired, code: "upgrade_required", detail: "This is a WebSocket.",
                headers: ["Upgrade": "websocket"])
        }
        guard request.headers["Sec-WebSocket-Version"] == "13" else {
            throw Problem(
                .upgradeRequired, code: "websocket_version", detail: "Use version 13.",
                headers: ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"])
        }
        guard let key = request.headers["Sec-WebSocket-Key"], let bytes = Data(base64Encoded: key), bytes.count == 16
        else { throw Problem(.badRequest, code: "websocket_key", detail: "Sec-WebSocket-Key is not valid.") }
        if let origins = options.origins {
            guard let origin = request.headers["Origin"], origins.contains(origin) else {
                throw Problem.forbidden("This origin may not connect.")
            }
        }
        var headers: HTTPHeaders = ["Upgrade": "websocket", "Sec-WebSocket-Accept": accept(key)]
        let offered = request.headers.list("Sec-WebSocket-Protocol")
        if let spoken = options.protocols.first(where: offered.contains) {
            headers.set("Sec-WebSocket-Protocol", spoken)
        }
        return HTTPResponse(
            .switchingProtocols, headers: headers,
            body: .upgrade { stream in await WebSocket(stream, options: options).run(handler) })
    }

    /// RFC 6455 §4.2.2.
    static func accept(_ key: String) -> String {
        SHA1.hash(Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)).base64EncodedString()
    }
}
