import Crypto
import FoundationEssentials
import Glibc
import Primitives
import Testing

@testable import GatewayService

extension LiveTests {
    /// What goes through, goes through unchanged, in order, in both directions and in bounded memory.
    @Suite struct Forwarding {
        private static func residentBytes() -> Int {
            guard let text = try? String(contentsOf: URL(filePath: "/proc/self/statm"), encoding: .utf8) else {
                return 0
            }
            return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
        }

        @Test("Requests in one piece are answered in their order")
        func pipelining() async throws {
            let upstream = StubUpstream { request, socket in
                let target = String(request.head.split(separator: " ")[1])
                return socket.send("HTTP/1.1 200 OK\r\nContent-Length: \(target.utf8.count)\r\n\r\n\(target)")
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            let socket = try door.connect()
            socket.send(
                (0..<20).map { "GET /api/v1/jobs/\($0) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n" }
                    .joined())
            for index in 0..<20 { #expect(socket.receiveAnswer()?.text == "/api/v1/jobs/\(index)") }
            #expect(upstream.connections == 1)
            await door.stop()
        }

        @Test("A request may arrive byte by byte")
        func byteByByte() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let token = try door.token()
            let socket = try door.connect()
            for byte in Array(
                "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: 5\r\n\r\nhello"
                    .utf8)
            {
                socket.send([byte])
            }
            #expect(socket.receiveAnswer()?.text == "hello")
            await door.stop()
        }

        @Test("Large content goes both ways unchanged, and is never held whole", arguments: [true, false])
        func largeContent(chunked: Bool) async throws {
            let size = 96 << 20
            // Counts and sums what it gets, then sends as much back.
            let upstream = StubUpstream { request, socket in
                let digest = SHA256()
                var count = 0
                func add(_ bytes: [UInt8]) {
                    digest.update(Data(bytes))
                    count += bytes.count
                }
                if request["transfer-encoding"] == "chunked" {
                    while let line = socket.receiveLine(), let size = Int(line, radix: 16) {
                        add(socket.receive(exactly: size))
                        _ = socket.receiveLine()
                        if size == 0 { break }
                    }
                } else {
                    var left = Int(request["content-length"] ?? "") ?? 0
                    while left > 0, let bytes = socket.receive(min(left, 1 << 20)), !bytes.isEmpty {
                        add(bytes)
                        left -= bytes.count
                    }
                }
                socket.send("HTTP/1.1 200 OK\r\nX-Sum: \(digest.finalize().hex)\r\nX-Count: \(count)\r\n")
                let block = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                if chunked {
                    socket.send("Transfer-Encoding: chunked\r\n\r\n")
                    for _ in 0..<96 { _ = socket.send("100000\r\n") && socket.send(block) && socket.send("\r\n") }
                    return socket.send("0\r\n\r\n")
                }
                socket.send("Content-Length: \(96 << 20)\r\n\r\n")
                for _ in 0..<96 where !socket.send(block) { return false }
                return true
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            let block = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 13) }
            let digest = SHA256()
            for _ in 0..<96 { digest.update(Data(block)) }
            let expected = digest.finalize().hex
            let socket = try door.connect()
            let before = Self.residentBytes()
            let length = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
            socket.send(
                "POST /api/v1/assets?filename=a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\(length)\r\n\r\n"
            )
            for _ in 0..<96 {
                if chunked { socket.send("100000\r\n") }
                #expect(socket.send(block))
                if chunked { socket.send("\r\n") }
            }
            if chunked { socket.send("0\r\n\r\n") }
            let head = RawAnswer(head: try #require(socket.receiveHead()))
            #expect(head.status == 200)
            #expect(head["x-count"] == "\(size)")
            #expect(head["x-sum"] == expected)
            var received = 0
            if chunked {
                while let line = socket.receiveLine(), let size = Int(line, radix: 16) {
                    received += socket.receive(exactly: size).count
                    _ = socket.receiveLine()
                    if size == 0 { break }
                }
            } else {
                while received < size, let bytes = socket.receive(1 << 20), !bytes.isEmpty { received += bytes.count }
            }
            #expect(received == size)
            // Blocks and buffers of this test itself are a few MiB; a body held whole would be 96.
            #expect(Self.residentBytes() - before < 48 << 20)
            await door.stop()
        }

        @Test("A client that does not read holds its service up, and takes no memory")
        func backPressure() async throws {
            let sent = Counter()
            let upstream = StubUpstream { _, socket in
                socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                let block = [UInt8](repeating: 7, count: 65_536)
                for _ in 0..<4096 {
                    guard socket.send("10000\r\n"), socket.send(block), socket.send("\r\n") else { return false }
                    sent.add(65_536)
                }
                return socket.send("0\r\n\r\n")
            }
            let door = try TestDoor(upstream)
            let before = Self.residentBytes()
            let socket = try door.connect(receiveBuffer: 16_384)
            socket.send(
                "GET /api/v1/assets/1/content HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(try door.token())\r\n\r\n")
            #expect(socket.receiveHead() != nil)
            var last = -1
            while sent.value != last {
                last = sent.value
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(sent.value < 64 << 20)
            #expect(Self.residentBytes() - before < 32 << 20)
            await door.stop()
        }

        @Test("Server-sent events go through one by one")
        func events() async throws {
            let upstream = StubUpstream { _, socket in
                socket.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                for index in 0..<3 {
                    let event = "data: \(index)\n\n"
                    socket.send("\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
                    // The next event only follows what the client said to the last one.
                    guard socket.receive(exactly: 0).isEmpty else { return false }
                    usleep(50_000)
                }
                return socket.send("0\r\n\r\n")
            }
            let door = try TestDoor(upstream)
            let socket = try door.connect()
            socket.send("GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(try door.token())\r\n\r\n")
            let head = RawAnswer(head: try #require(socket.receiveHead()))
            #expect(head["content-type"] == "text/event-stream")
            for index in 0..<3 {
                #expect(socket.receiveLine() == "9")
                #expect(socket.receiveLine() == "data: \(index)")
                #expect(socket.receiveLine() == "")
                #expect(socket.receiveLine() == "")
            }
            #expect(socket.receiveLine() == "0")
            await door.stop()
        }

        @Test("A client that leaves a stream ends it at the service")
        func leavingAStream() async throws {
            let ended = Counter()
            let upstream = StubUpstream { _, socket in
                socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                _ = socket.isEnded()
                ended.add(1)
                return false
            }
            let door = try TestDoor(upstream)
            do {
                let socket = try door.connect()
                socket.send(
                    "GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(try door.token())\r\n\r\n")
                #expect(socket.receiveHead() != nil)
            }
            for _ in 0..<100 where ended.value == 0 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(ended.value == 1)
            await door.stop()
        }

        @Test("After the change to WebSocket, bytes go both ways as they are")
        func webSocket() async throws {
            let upstream = StubUpstream { request, socket in
                guard request["upgrade"] == "websocket" else { return false }
                socket.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Accept: abc\r\n\r\nhello")
                while let bytes = socket.receive(), !bytes.isEmpty { socket.send(bytes.map { $0 ^ 0x20 }) }
                return false
            }
            let door = try TestDoor(upstream)
            let socket = try door.connect()
            socket.send(
                "GET /api/v1/realtime HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(try door.token())\r\n"
                    + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\nearly"
            )
            let head = RawAnswer(head: try #require(socket.receiveHead()))
            #expect(head.status == 101)
            #expect(head["sec-websocket-accept"] == "abc")
            #expect(socket.receive(exactly: 10) == Array("helloEARLY".utf8))
            for _ in 0..<100 {
                socket.send("abcdefgh")
                #expect(socket.receive(exactly: 8) == Array("ABCDEFGH".utf8))
            }
            await door.stop()
        }

        @Test("A page of another origin cannot open a WebSocket with a person's cookies")
        func foreignWebSocket() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            func open(_ origin: String) throws -> RawAnswer? {
                try door.ask(
                    "GET", "/api/v1/realtime",
                    fields: [
                        "Cookie: atelier_access=\(try door.token())", "Connection: upgrade", "Upgrade: websocket",
                        "Origin: \(origin)",
                    ])
            }
            #expect(try open("https://evil.test")?.status == 403)
            #expect(upstream.requests.isEmpty)
            #expect(try open("https://atelier.test")?.status == 200)
            await door.stop()
        }

        @Test("Expect: 100-continue: the service decides whether the content is welcome")
        func expectContinue() async throws {
            let upstream = StubUpstream { request, socket in
                if request.head.contains("filename=no") {
                    return socket.send(
                        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                }
                guard request["expect"] == "100-continue" else { return false }
                socket.send("HTTP/1.1 100 Continue\r\n\r\n")
                let body = StubUpstream.read(request, socket)
                return socket.send("HTTP/1.1 201 Created\r\nContent-Length: \(body.count)\r\n\r\n") && socket.send(body)
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            func begin(_ name: String) throws -> RawSocket {
                let socket = try door.connect()
                socket.send(
                    "POST /api/v1/assets?filename=\(name) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                        + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                return socket
            }
            let welcome = try begin("yes")
            #expect(welcome.receiveAnswer()?.status == 100)
            welcome.send("hello")
            #expect(welcome.receiveAnswer()?.text == "hello")
            let refused = try begin("no")
            let answer = refused.receiveAnswer()
            #expect(answer?.status == 413)
            #expect(answer?["connection"] == "close")
            await door.stop()
        }

        @Test("HEAD, 204 and 304 have no content, and the connection goes on")
        func withoutContent() async throws {
            let upstream = StubUpstream { request, socket in
                let target = request.head.split(separator: " ")[1]
                if request.head.hasPrefix("HEAD") {
                    return socket.send("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
                }
                if target.hasSuffix("/a") { return socket.send("HTTP/1.1 204 No Content\r\n\r\n") }
                return socket.send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 7\r\n\r\n")
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            let socket = try door.connect()
            func ask(_ method: String, _ target: String) -> RawAnswer? {
                socket.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
                return socket.receiveAnswer(toHead: method == "HEAD")
            }
            #expect(ask("HEAD", "/api/v1/assets/x")?["content-length"] == "12345")
            #expect(ask("DELETE", "/api/v1/assets/a")?.status == 204)
            let unchanged = ask("GET", "/api/v1/assets/b")
            #expect(unchanged?.status == 304)
            #expect(unchanged?["etag"] == "\"x\"")
            #expect(ask("HEAD", "/api/v1/assets/x")?.status == 200)
            await door.stop()
        }

        @Test("An answer without a length becomes chunked; for HTTP/1.0 it ends with the connection")
        func untilClose() async throws {
            let upstream = StubUpstream { _, socket in
                socket.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
                return false
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            let answer = try door.ask("GET", "/api/v1/jobs", token: token)
            #expect(answer?["transfer-encoding"] == "chunked")
            #expect(answer?.text == "all of it")
            let old = try door.connect()
            old.send("GET /api/v1/jobs HTTP/1.0\r\nAuthorization: Bearer \(token)\r\n\r\n")
            let text = try #require(old.receiveAll())
            #expect(text.hasSuffix("\r\n\r\nall of it"))
            #expect(!text.lowercased().contains("transfer-encoding"))
            await door.stop()
        }
    }
}
