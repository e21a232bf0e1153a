internal import CWslay
internal import FoundationEssentials

/// Bytes to messages and back, by wslay, without a socket: what came is fed in, what must go out is taken out.
final class Framer {
    private var context: wslay_event_context_ptr?
    fileprivate var input = Data()
    fileprivate var output = Data()
    fileprivate var messages: [WebSocketMessage] = []
    /// Pings that came since the last reset.
    var pings = 0

    init(messageBytes: Int) {
        _ = atelier_wslay_server(
            &context, framerReceive, framerSend, framerMessage, Unmanaged.passUnretained(self).toOpaque())
        wslay_event_config_set_max_recv_msg_length(context, UInt64(messageBytes))
    }

    deinit { wslay_event_context_free(context) }

    /// No more will be read: a close came, or a fault of the client was answered with one.
    var isReadClosed: Bool { wslay_event_get_read_enabled(context) == 0 }

    /// The code of the client's close; 0 before, 1005 where it had none.
    var receivedCode: UInt16 { wslay_event_get_status_code_received(context) }

    func feed(_ data: Data) {
        input.append(data)
        if wslay_event_recv(context) != 0 { wslay_event_shutdown_read(context) }
        flush()
    }

    func takeMessages() -> [WebSocketMessage] {
        defer { messages = [] }
        return messages
    }

    func takeOutput() -> Data {
        defer { output = Data() }
        return output
    }

    func queue(_ message: WebSocketMessage) {
        switch message {
        case .text(let text): queue(ATELIER_WSLAY_TEXT, Data(text.utf8))
        case .binary(let data): queue(ATELIER_WSLAY_BINARY, data)
        }
    }

    func queuePing() { queue(ATELIER_WSLAY_PING, Data()) }

    func queueClose(_ code: WebSocketCloseCode, _ reason: String) {
        let reason = Array(reason.utf8.prefix(120))
        _ = wslay_event_queue_close(context, code.rawValue, reason, reason.count)
        flush()
    }

    private func queue(_ opcode: UInt8, _ data: Data) {
        _ = data.withUnsafeBytes { bytes in
            atelier_wslay_queue(context, opcode, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        flush()
    }

    private func flush() {
        while wslay_event_want_write(context) != 0 { if wslay_event_send(context) != 0 { return } }
    }
}

// Called by wslay within the framer's own calls; `user` is the `Framer`.

private func framer(_ user: UnsafeMutableRawPointer?) -> Framer? {
    user.map { Unmanaged<Framer>.fromOpaque($0).takeUnretainedValue() }
}

/// wslay wants input.
func framerReceive(
    _ context: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int, _ flags: Int32,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let framer = framer(user), let buffer, !framer.input.isEmpty else {
        atelier_wslay_would_block(context)
        return -1
    }
    let taken = min(count, framer.input.count)
    framer.input.copyBytes(to: buffer, count: taken)
    framer.input = taken == framer.input.count ? Data() : framer.input.dropFirst(taken)
    return taken
}

/// wslay has output.
func framerSend(
    _ context: wslay_event_context_ptr?, _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ flags: Int32,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let framer = framer(user), let bytes else { return -1 }
    framer.output.append(bytes, count: count)
    return count
}

/// A whole message came; wslay checked masks, opcodes, lengths and UTF-8.
func framerMessage(
    _ context: wslay_event_context_ptr?, _ message: UnsafePointer<wslay_event_on_msg_recv_arg>?,
    _ user: UnsafeMutableRawPointer?
) {
    guard let framer = framer(user), let message = message?.pointee else { return }
    let data = message.msg.map { Data(bytes: $0, count: message.msg_length) } ?? Data()
    switch message.opcode {
    case ATELIER_WSLAY_TEXT: framer.messages.append(.text(String(decoding: data, as: UTF8.self)))
    case ATELIER_WSLAY_BINARY: framer.messages.append(.binary(data))
    case ATELIER_WSLAY_PING: framer.pings += 1
    default: break
    }
}
