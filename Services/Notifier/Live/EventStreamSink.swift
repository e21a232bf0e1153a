import HTTP
import Primitives

/// A listener by server-sent events.
struct EventStreamSink: LiveStream.Sink {
    let writer: EventStreamWriter

    func begin(_ seq: Int64) async throws { try await writer.send("{}", event: "ready", id: String(seq)) }

    func send(_ event: LiveEvent) async throws {
        try await writer.send(event.data, event: event.type, id: String(event.seq))
    }

    func heartbeat() async throws { try await writer.keepAlive() }

    func end(_ reason: String) async throws {
        // Where the place in the stream is lost, a comer begins anew: an empty id makes browsers forget theirs.
        try await writer.send(
            JSON.text(["reason": reason]), event: "end", id: reason == "too_old" ? "" : nil)
    }
}
