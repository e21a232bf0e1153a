import FoundationEssentials
import Glibc
import Testing

@testable import GatewayService

extension LiveTests {
    /// Services that fail, clients that are slow, and what everybody is told.
    @Suite struct Failures {
        @Test("Nobody listens: 503 with Retry-After, and the breaker opens")
        func refused() async throws {
            let door = try TestDoor(nil, breaker: CircuitBreaker(threshold: 3, window: 30_000, recovery: 60_000))
            let token = try door.token()
            for _ in 0..<3 {
                let answer = try #require(try door.ask("GET", "/api/v1/projects", token: token))
                #expect(answer.status == 503)
                #expect(answer["retry-after"] != nil)
                #expect(answer["content-type"] == "application/problem+json")
            }
            #expect(door.door.upstreams[UpstreamName.project.rawValue].breakerState != .closed)
            #expect(try door.ask("GET", "/api/v1/projects", token: token)?.status == 503)
            await door.stop()
        }

        @Test(
            "An answer that is none: 502",
            arguments: [
                "", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            ])
        func malformed(bytes: String) async throws {
            let upstream = StubUpstream { _, socket in
                socket.send(bytes)
                return false
            }
            let door = try TestDoor(upstream)
            let answer = try door.ask("GET", "/api/v1/projects", token: door.token())
            #expect(answer?.status == 502)
            #expect(answer?["retry-after"] != nil)
            await door.stop()
        }

        @Test(
            "A page of a service's HTTP library becomes a problem of the API's",
            arguments: [
                ("400 Bad Request", 502, "bad_gateway"), ("414 URI Too Long", 414, "target_too_long"),
                ("431 Request Header Fields Too Large", 431, "head_too_large"),
                ("500 Internal Server Error", 502, "bad_gateway"),
            ])
        func page(line: String, status: Int, code: String) async throws {
            let upstream = StubUpstream { _, socket in
                let page = "<html><head><title>Request refused</title></head></html>"
                socket.send(
                    "HTTP/1.1 \(line)\r\nConnection: close\r\nContent-Length: \(page.utf8.count)\r\n"
                        + "Content-Type: text/html\r\n\r\n\(page)")
                return false
            }
            let door = try TestDoor(upstream)
            for method in ["GET", "POST"] {
                let body = method == "POST" ? "{}" : ""
                let fields = ["Content-Type: application/json"]
                let answer = try #require(
                    try door.ask(method, "/api/v1/projects", fields: fields, body: body, token: door.token()))
                #expect(answer.status == status)
                #expect(answer["content-type"] == "application/problem+json")
                #expect(answer.text.contains("\"code\":\"\(code)\""))
                #expect(!answer.text.contains("<html"))
            }
            await door.stop()
        }

        @Test("A port that is taken: the door says which, and lets itself be stopped")
        func taken() async throws {
            let first = try TestDoor(nil)
            let second = DoorServer(
                door: first.door, host: "127.0.0.1", port: first.port, loops: 1, stopLimit: .seconds(5))
            let port = first.port
            await #expect {
                try await second.run()
            } throws: {
                "\($0)" == "cannot listen on 127.0.0.1:\(port): Address already in use"
            }
            await second.stop()
            await first.stop()
        }

        @Test("An answer that breaks off is cut off for the client too")
        func truncated() async throws {
            let upstream = StubUpstream { request, socket in
                if request.head.contains("chunked") {
                    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                } else {
                    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
                }
                return false
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            for target in ["/api/v1/jobs?chunked", "/api/v1/jobs"] {
                let socket = try door.connect()
                socket.send("GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
                var all: [UInt8] = []
                while let bytes = socket.receive(), !bytes.isEmpty { all += bytes }
                let text = String(decoding: all, as: UTF8.self)
                #expect(!text.hasSuffix("0\r\n\r\n"))
            }
            await door.stop()
        }

        @Test("A service that says nothing: 504")
        func silent() async throws {
            let upstream = StubUpstream { _, socket in socket.isEnded() && false }
            var settings = DoorSettings()
            settings.answerTime = 300
            let door = try TestDoor(upstream, settings: settings)
            let answer = try door.ask("GET", "/api/v1/projects", token: door.token())
            #expect(answer?.status == 504)
            #expect(answer?["retry-after"] != nil)
            await door.stop()
        }

        @Test("A pooled connection that the service closed is not noticed by anybody")
        func stale() async throws {
            let served = Counter()
            // Answers one request on each connection, reads the next, and closes without a word.
            let upstream = StubUpstream { request, socket in
                defer { served.add(1) }
                if request["x-first"] != nil {
                    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    _ = socket.receiveHead()
                    return false
                }
                return socket.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
            }
            let door = try TestDoor(upstream, loops: 1)
            let token = try door.token()
            #expect(try door.ask("GET", "/api/v1/jobs", fields: ["X-First: 1"], token: token)?.text == "ok")
            #expect(try door.ask("GET", "/api/v1/jobs", token: token)?.text == "fresh")
            #expect(try door.ask("POST", "/api/v1/jobs/1/retry", fields: ["X-First: 1"], token: token)?.status == 200)
            // What cannot be done twice is not sent again.
            #expect(try door.ask("POST", "/api/v1/jobs/1/retry", token: token)?.status == 502)
            await door.stop()
        }

        @Test("A head that does not come to its end is answered 408 and closed (R37)")
        func slowHead() async throws {
            var settings = DoorSettings()
            settings.headTime = 300
            let door = try TestDoor(nil, settings: settings)
            let socket = try door.connect()
            socket.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            #expect(socket.receiveAnswer()?.status == 408)
            #expect(socket.isEnded())
            let silent = try door.connect()
            #expect(silent.isEnded())
            await door.stop()
        }

        @Test("Many slow heads take nothing from an honest client")
        func manySlowHeads() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let slow = try (0..<500).map { _ in
                let socket = try door.connect()
                socket.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
                return socket
            }
            let token = try door.token()
            for _ in 0..<20 { #expect(try door.ask("GET", "/api/v1/projects", token: token)?.status == 200) }
            #expect(slow.count == 500)
            await door.stop()
        }

        @Test("More clients than fit: the last ones are told to come later")
        func tooManyClients() async throws {
            var settings = DoorSettings()
            settings.clientConnections = 2
            let door = try TestDoor(nil, settings: settings)
            let first = try door.connect()
            first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(first.receiveAnswer()?.status == 200)
            let second = try door.connect()
            second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(second.receiveAnswer()?.status == 200)
            let third = try door.connect()
            #expect(third.receiveAnswer()?.status == 503)
            await door.stop()
        }

        @Test("Limits of content: announced and chunked (R38)")
        func contentLimits() async throws {
            let upstream = StubUpstream { request, socket in
                _ = StubUpstream.read(request, socket)
                return socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            var settings = DoorSettings()
            settings.contentLimit = 10_000
            let door = try TestDoor(upstream, settings: settings)
            let token = try door.token()
            let announced = try door.connect()
            announced.send(
                "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: 10001\r\n\r\n"
            )
            #expect(announced.receiveAnswer()?.status == 413)
            #expect(upstream.requests.isEmpty)
            let chunked = try door.connect()
            chunked.send(
                "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<11 { chunked.send("3E8\r\n" + String(repeating: "a", count: 1000) + "\r\n") }
            #expect(chunked.receiveAnswer()?.status == 413)
            let whole = try door.ask(
                "POST", "/api/v1/projects", body: String(repeating: "a", count: 10_000), token: token)
            #expect(whole?.status == 200, "\(whole?.head ?? "no answer")")
            await door.stop()
        }

        @Test("The time between requests does not make the next one's content slow (R37)")
        func paceAfterRest() async throws {
            let upstream = StubUpstream { request, socket in
                _ = StubUpstream.read(request, socket)
                usleep(600_000)  // Longer than two sweeps of the loop.
                return socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            var settings = DoorSettings()
            settings.paceWindow = 2_000
            let door = try TestDoor(upstream, settings: settings)
            let socket = try door.connect()
            let head = try "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(door.token())\r\n"
            socket.send(head + "Content-Length: 2\r\n\r\n{}")
            #expect(socket.receiveAnswer()?.status == 200)
            try await Task.sleep(for: .seconds(2))
            socket.send(head + "Content-Length: 2\r\n\r\n")
            try await Task.sleep(for: .milliseconds(600))
            socket.send("{}")
            #expect(socket.receiveAnswer()?.status == 200)
            await door.stop()
        }

        @Test("Limits of the head (R38)")
        func headLimits() async throws {
            let door = try TestDoor(nil)
            let long = String(repeating: "a", count: 9 << 10)
            #expect(try door.ask("GET", "/", fields: ["X: \(long)"])?.status == 431)
            #expect(try door.ask("GET", "/", fields: Array(repeating: "X: a", count: 100))?.status == 431)
            #expect(try door.ask("GET", "/\(long)")?.status == 414)
            await door.stop()
        }

        @Test("Before a stop every answer ends its connection, and nothing is refused")
        func leaving() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let token = try door.token()
            let head = "GET /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
            let kept = try door.connect()
            kept.send(head)
            let first = kept.receiveAnswer()
            #expect(first?.status == 200 && first?["connection"] == nil)
            door.door.leave()
            kept.send(head)
            let last = kept.receiveAnswer()
            #expect(last?.status == 200 && last?["connection"] == "close" && kept.isEnded())
            #expect(try door.ask("GET", "/api/v1/projects", token: token)?.status == 200)
            #expect(upstream.requests.count == 3)
            await door.stop()
        }

        @Test("A stop finishes what is in hand, takes nothing new, and ends streams")
        func drain() async throws {
            let upstream = StubUpstream { request, socket in
                if request.head.contains("events") {
                    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    return socket.isEnded() && false
                }
                usleep(300_000)
                return socket.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
            }
            let door = try TestDoor(upstream)
            let token = try door.token()
            let working = try door.connect()
            working.send("GET /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
            let stream = try door.connect()
            stream.send("GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
            #expect(stream.receiveHead() != nil)
            let idle = try door.connect()
            await door.server.stop()
            let answer = working.receiveAnswer()
            #expect(answer?.text == "done")
            #expect(answer?["connection"] == "close")
            #expect(stream.receiveLine() == "0")
            #expect(idle.isEnded())
            #expect(throws: RawSocket.Failure.self) { try door.connect() }
        }
    }
}
