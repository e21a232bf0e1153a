import FoundationEssentials
import HTTP
import HTTPServer
import Primitives
import Telemetry
import TestKit
import Testing

@testable import WebSocket

/// A client that frames by hand, so that it can also say what is wrong.
private final class Client {
    private var data = Data()
    let stream: TCPStream
    let head: String

    init(port: Int, headers: String = "") async throws {
        stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
        try await stream.write(
            Data(
                "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n"
                    .utf8))
        var all = Data()
        while all.firstRange(of: Data("\r\n\r\n".utf8)) == nil, let chunk = try await stream.read() {
            all.append(chunk)
        }
        head = String(decoding: all, as: UTF8.self)
    }

    func send(opcode: UInt8, _ payload: [UInt8], final: Bool = true, masked: Bool = true) async throws {
        var frame: [UInt8] = [(final ? 0x80 : 0) | opcode]
        let bit: UInt8 = masked ? 0x80 : 0
        if payload.count < 126 {
            frame.append(bit | UInt8(payload.count))
        } else if payload.count < 65536 {
            frame += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        } else {
            frame += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        if masked { frame += mask }
        frame += masked ? payload.enumerated().map { $1 ^ mask[$0 % 4] } : payload
        try await stream.write(Data(frame))
    }

    /// The next frame: opcode and payload; `nil` at the end.
    func frame() async throws -> (opcode: UInt8, payload: [UInt8])? {
        func fill(_ count: Int) async throws -> Bool {
            while data.count < count {
                guard let chunk = try? await stream.read() else { return false }
                data.append(chunk)
            }
            return true
        }
        guard try await fill(2) else { return nil }
        var bytes = Array(data)
        var length = Int(bytes[1] & 127)
        var start = 2
        if length == 126 {
            guard try await fill(4) else { return nil }
            bytes = Array(data)
            length = Int(bytes[2]) << 8 | Int(bytes[3])
            start = 4
        }
        guard try await fill(start + length) else { return nil }
        let all = Array(data)
        data = Data(all[(start + length)...])
        return (all[0] & 15, Array(all[start..<start + length]))
    }

    func closeCode() async throws -> Int? {
        while let (opcode, payload) = try await frame() {
            if opcode == 8 { return payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005 }
        }
        return nil
    }
}

private func withEcho(
    options: WebSocketOptions = WebSocketOptions(), _ body: (Int) async throws -> Void
) async throws {
    var router = Router()
    router.get("/ws") { request in
        try WebSocket.upgrade(request, options: options) { socket in
            while let message = try await socket.receive() { try await socket.send(message) }
        }
    }
    let server = HTTPServer(
        router: router, port: 0, logger: Logger(service: "t", sink: MemoryLogSink()), metrics: MetricsRegistry())
    try server.start()
    do { try await withDeadlineOf(server, body) } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

private func withDeadlineOf(_ server: HTTPServer, _ body: (Int) async throws -> Void) async throws {
    try await body(server.boundPort)
}

@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    @Test func echoes() async throws {
        try await withEcho { port in
            let client = try await Client(port: port)
            #expect(client.head.hasPrefix("HTTP/1.1 101"))
            #expect(client.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            try await client.send(opcode: 1, Array("hällo".utf8))
            #expect(try await client.frame()?.payload == Array("hällo".utf8))
            try await client.send(opcode: 1, Array("a".utf8), final: false)
            try await client.send(opcode: 9, [7])
            try await client.send(opcode: 0, Array("b".utf8))
            let pong = try await client.frame()
            #expect(pong?.opcode == 10 && pong?.payload == [7])
            #expect(try await client.frame()?.payload == Array("ab".utf8))
            try await client.send(opcode: 8, [0x03, 0xE8])
            #expect(try await client.closeCode() == 1000)
            #expect(try await client.frame() == nil)
        }
    }

    @Test(arguments: [
        (UInt8(1), [UInt8](repeating: 0x61, count: 70_000), true, 1009), (1, [0xC3, 0x28], true, 1007),
        (1, [0x61], false, 1002), (3, [0x61], true, 1002),
    ])
    func closesWithTheRightCode(opcode: UInt8, payload: [UInt8], masked: Bool, code: Int) async throws {
        try await withEcho { port in
            let client = try await Client(port: port)
            try await client.send(opcode: opcode, payload, masked: masked)
            let found = try await client.closeCode()
            #expect(found == code)
        }
    }

    @Test func limitsFragmentsThatNeverEnd() async throws {
        try await withEcho { port in
            let client = try await Client(port: port)
            try await client.send(opcode: 1, [UInt8](repeating: 0x61, count: 40_000), final: false)
            try await client.send(opcode: 0, [UInt8](repeating: 0x61, count: 40_000), final: false)
            #expect(try await client.closeCode() == 1009)
        }
    }

    @Test func closesAfterAPingFlood() async throws {
        try await withEcho { port in
            let client = try await Client(port: port)
            for _ in 0..<300 { try? await client.send(opcode: 9, []) }
            #expect(try await client.closeCode() == 1008)
        }
    }

    @Test func dropsAClientThatIsSilent() async throws {
        var options = WebSocketOptions()
        options.pingInterval = .milliseconds(100)
        try await withEcho(options: options) { port in
            let client = try await Client(port: port)
            #expect(try await client.frame()?.opcode == 9)
            while try await client.frame() != nil {}
        }
    }

    @Test func checksTheOrigin() async throws {
        var options = WebSocketOptions()
        options.origins = ["https://atelier.example"]
        try await withEcho(options: options) { port in
            let foreign = try await Client(port: port, headers: "Origin: https://evil.example\r\n")
            #expect(foreign.head.hasPrefix("HTTP/1.1 403"))
            let own = try await Client(port: port, headers: "Origin: https://atelier.example\r\n")
            #expect(own.head.hasPrefix("HTTP/1.1 101"))
            own.stream.close()
        }
    }

    @Test func refusesWhatIsNoWebSocketRequest() {
        let request = HTTPRequest(method: .GET, target: "/ws", headers: ["Host": "t"])
        let problem = #expect(throws: Problem.self) { try WebSocket.upgrade(request) { _ in } }
        #expect(problem?.status == .upgradeRequired)
    }
}
