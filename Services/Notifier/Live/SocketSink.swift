import Primitives
import WebSocket

/// A listener by WebSocket: the same stream, one JSON object a message. The socket's own pings are its heartbeat.
struct SocketSink: LiveStream.Sink {
    let socket: WebSocket

    func begin(_ seq: Int64) async throws {
        try await socket.send("{\"id\":\"\(seq)\",\"event\":\"ready\",\"data\":{}}")
    }

    func send(_ event: LiveEvent) async throws {
        try await socket.send("{\"id\":\"\(event.seq)\",\"event\":\"\(event.type)\",\"data\":\(event.data)}")
    }

    func heartbeat() async throws {}

    func end(_ reason: String) async throws {
        let code: WebSocketCloseCode
        switch reason {
        case "session_ended", "token_expired": code = .policyViolation
        case "too_old": code = WebSocketCloseCode(rawValue: 4000)
        default: code = .goingAway
        }
        await socket.close(code, reason)
    }
}
