import FoundationEssentials
import HTTP
import HTTPServer
import Primitives
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ServerTests {
    @Test func answersAndKeepsTheConnection() async throws {
        try await withServer {
            $0.get("/hello/{name}") { .text("hello \(try $0.parameter("name"))") }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /hello/a%2Fb?x=1 HTTP/1.1\r\nHost: t\r\n\r\n")
            let first = try await client.read(until: "hello a/b")
            #expect(first.hasPrefix("HTTP/1.1 200"))
            #expect(first.contains("X-Request-Id: "))
            try await client.send("GET /hello/again HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            let second = try await client.readAll()
            #expect(second.hasSuffix("hello again"), "\(second)")
        }
    }

    @Test func tellsProblems() async throws {
        try await withServer {
            $0.get("/a") { _ in .text("a") }
            $0.get("/broken") { _ in throw DeadlineExceeded(operation: "secret detail", limit: .seconds(1)) }
        } _: { server in
            let missing = try await ask(server, "GET /b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            #expect(missing.hasPrefix("HTTP/1.1 404"))
            #expect(missing.contains("application/problem+json"))
            #expect(missing.contains("\"code\":\"not_found\""))
            let method = try await ask(server, "DELETE /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            #expect(method.hasPrefix("HTTP/1.1 405"))
            #expect(method.contains("Allow: GET, HEAD, OPTIONS"))
            let broken = try await ask(server, "GET /broken HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            #expect(broken.hasPrefix("HTTP/1.1 500"))
            #expect(!broken.contains("secret"))
            #expect(broken.contains("requestId"))
        }
    }

    @Test func headHasTheLengthAndNoContent() async throws {
        try await withServer {
            $0.get("/a") { _ in .text("abcdef") }
            $0.get("/s") { _ in HTTPResponse(.ok, body: .stream(length: 7) { _ in Issue.record("must not run") }) }
        } _: { server in
            for (path, length) in [("/a", 6), ("/s", 7)] {
                let answer = try await ask(server, "HEAD \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                #expect(answer.contains("Content-Length: \(length)\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n"))
            }
        }
    }

    @Test(arguments: [
        ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 3\r\nContent-Length: 4\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 501), ("Host: u\r\n", 400), ("Content-Length: 3, 3\r\n", 400),
        ("Content-Length: +3\r\n", 400), ("Transfer-Encoding: chunked, chunked\r\n", 501),
    ])
    func refusesAmbiguousFraming(header: String, status: Int) async throws {
        try await withServer {
            $0.post("/a") { request in
                Issue.record("must not be handled")
                return .text("\(try await request.body.collect(upTo: 100).count)")
            }
        } _: { server in
            let answer = try await ask(
                server, "POST /a HTTP/1.1\r\nHost: t\r\n\(header)\r\nabcGET /a HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
            #expect(
                !answer.contains("HTTP/1.1 2") && !answer.contains("HTTP/1.1 405"),
                "then the connection closes: \(answer)")
        }
    }

    @Test func limitsTheHead() async throws {
        try await withServer {
            $0.get("/a") { _ in .text("a") }
        } _: { server in
            let long = String(repeating: "x", count: 9 << 10)
            let many = (0...100).map { "X-\($0): 1\r\n" }.joined()
            for (head, status) in [
                ("GET /a HTTP/1.1\r\nHost: t\r\nX: \(long)\r\n\r\n", 431),
                ("GET /a HTTP/1.1\r\nHost: t\r\n\(many)\r\n", 431),
                ("GET /\(long) HTTP/1.1\r\nHost: t\r\n\r\n", 414), ("BREW /a HTTP/1.1\r\nHost: t\r\n\r\n", 501),
            ] {
                let answer = try await ask(server, head)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer.prefix(200))")
            }
        }
    }

    /// libmicrohttpd would refuse it in HTML; the gateway lets 32 KiB pass and adds fields of its own.
    @Test func takesTheLargestHeadThatTheGatewaySends() async throws {
        try await withServer {
            $0.get("/a") { .text("\($0.headers.count) \($0.cookies["c"]?.utf8.count ?? 0)") }
        } _: { server in
            let target = "/a?" + String(repeating: "q", count: 8100)
            let cookie = String(repeating: "x", count: 8100)
            let long = (0..<2).map { "X-Long-\($0): \(cookie)\r\n" }.joined()
            let many = (0..<90).map { "X-\($0): 1\r\n" }.joined()
            let own = "Host: t\r\nConnection: close\r\nCookie: c=\(cookie)\r\n"
            let head = "GET \(target) HTTP/1.1\r\n\(own)\(long)\(many)\r\n"
            #expect(head.utf8.count > 33_000)
            let answer = try await ask(server, head)
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(200))")
            #expect(answer.hasSuffix("95 8100"))
        }
    }

    @Test func readsContentOfEveryKind() async throws {
        try await withServer {
            $0.post("/count") { request in
                let data = try await request.body.collect(upTo: 1 << 20)
                return .text("\(data.count) \(data.reduce(0) { $0 &+ Int($1) })")
            }
        } _: { server in
            let small = try await ask(
                server, "POST /count HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
            #expect(small.hasSuffix("3 294"))
            let chunked = try await ask(
                server,
                "POST /count HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
            )
            #expect(chunked.hasSuffix("5 495"))
            let empty = try await ask(
                server,
                "POST /count HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            #expect(empty.hasSuffix("0 0"))
            let large = String(repeating: "b", count: 900_000)
            let whole = try await ask(
                server, "POST /count HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 900000\r\n\r\n\(large)"
            )
            #expect(whole.hasSuffix("900000 \(900_000 * 98)"))
            let over = String(repeating: "b", count: 2_000_000)
            let refused = try await ask(
                server, "POST /count HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n\(over)"
            )
            #expect(refused.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func documentsAreAsLongAsTheServerAllows() async throws {
        var limits = ServerLimits()
        limits.documentBytes = 1024
        try await withServer(limits: limits) {
            $0.post("/a") { .text("\(try await $0.decode([Int].self).count)") }
            $0.post("/more") { .text("\(try await $0.decode([Int].self, limit: 4096).count)") }
        } _: { server in
            let long = "[" + String(repeating: "1,", count: 999) + "1]"
            for (target, text, answer) in [("a", "[1]", "200"), ("a", long, "413"), ("more", long, "200")] {
                let head =
                    "POST /\(target) HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n"
                let given = try await ask(server, head + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
                #expect(given.hasPrefix("HTTP/1.1 \(answer) "), "\(given.prefix(200))")
            }
        }
    }

    @Test func asksForContentOnlyWhenItIsWanted() async throws {
        try await withServer {
            $0.post("/no") { _ in throw Problem.unauthorized() }
            $0.post("/yes") { .text("\(try await $0.body.collect(upTo: 100).count)") }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send(
                "POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 90000000000\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await client.readAll().hasPrefix("HTTP/1.1 401"))
            let second = try await RawClient(port: server.boundPort)
            try await second.send("POST /yes HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await second.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
            try await second.send("abc")
            #expect(try await second.read(until: "\r\n\r\n3").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func anEarlyAnswerKeepsTheConnection() async throws {
        try await withServer {
            $0.post("/no") { _ in throw Problem.unauthorized() }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            let body = String(repeating: "x", count: 300_000)
            for _ in 0..<2 {
                try await client.send("POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\n\(body)")
                #expect(try await client.read(until: "}").hasPrefix("HTTP/1.1 401"))
            }
        }
    }

    @Test func streamsWithBackPressure() async throws {
        let written = Box(0)
        try await withServer {
            $0.get("/big") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: nil) { writer in
                        for _ in 0..<1000 {
                            try await writer.write(Data(repeating: 0x61, count: 64 << 10))
                            written.change { $0 += 1 }
                        }
                    })
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /big HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            try await eventually { written.value > 0 }
            // The kernel's buffers take some MiB; then the handler must wait.
            var last = -1
            while last != written.value {
                last = written.value
                try await Task.sleep(for: .milliseconds(150))
            }
            #expect(written.value < 500)
            let all = try await client.readAll()
            #expect(all.utf8.count > 1000 * 64 << 10)
            #expect(all.hasSuffix("0\r\n\r\n"))
            #expect(written.value == 1000)
        }
    }

    @Test func holdsBackASenderWhoseHandlerIsSlow() async throws {
        let goOn = Box(false)
        let seen = Box(0)
        try await withServer {
            $0.post("/slow") { request in
                for try await chunk in request.body {
                    seen.change { $0 += chunk.count }
                    while !goOn.value { try await Task.sleep(for: .milliseconds(5)) }
                }
                return .text("done \(seen.value)")
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            let total = 64 << 20
            try await client.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: \(total)\r\n\r\n")
            let sent = Box(0)
            let sender = Task {
                let block = Data(repeating: 0x62, count: 1 << 20)
                for _ in 0..<64 {
                    try await client.stream.write(block)
                    sent.change { $0 += block.count }
                }
            }
            try await eventually { seen.value > 0 }
            var last = -1
            while last != sent.value {
                last = sent.value
                try await Task.sleep(for: .milliseconds(150))
            }
            #expect(sent.value < 32 << 20, "the sender is held back")
            goOn.value = true
            try await sender.value
            #expect(try await client.read(until: "done \(total)").contains("done \(total)"))
        }
    }

    @Test func tellsTheHandlerThatTheClientIsGone() async throws {
        let error = Box("")
        try await withServer {
            $0.post("/up") { request in
                do { for try await _ in request.body {} } catch let failure {
                    error.value = "\(type(of: failure))"
                    throw failure
                }
                return .noContent
            }
            $0.get("/down") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: nil) { writer in
                        do { while true { try await writer.write(Data(repeating: 0, count: 64 << 10)) } } catch let
                            failure
                        {
                            error.value = "\(type(of: failure))"
                            throw failure
                        }
                    })
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("POST /up HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\nabc")
            client.close()
            try await eventually { error.value == "PeerGone" || error.value == "CancellationError" }
            error.value = ""
            let second = try await RawClient(port: server.boundPort)
            try await second.send("GET /down HTTP/1.1\r\nHost: t\r\n\r\n")
            _ = try await second.read(until: "\r\n\r\n")
            second.close()
            try await eventually { error.value == "PeerGone" || error.value == "CancellationError" }
        }
    }

    @Test func cutsAnAnswerThatFails() async throws {
        try await withServer {
            $0.get("/cut") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: nil) { writer in
                        try await writer.write(Data("half".utf8))
                        throw DeadlineExceeded(operation: "x", limit: .seconds(1))
                    })
            }
        } _: { server in
            let answer = try await ask(server, "GET /cut HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(answer.contains("half"))
            #expect(!answer.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func cutsSlowClients() async throws {
        var limits = ServerLimits()
        limits.head = .milliseconds(700)
        try await withServer(limits: limits) {
            $0.post("/a") { .text("\(try await $0.body.collect(upTo: 1 << 20).count)") }
        } _: { server in
            for start in ["GET /a HTTP/1.1\r\nHo", "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"] {
                let client = try await RawClient(port: server.boundPort)
                try await client.send(start)
                let drip = Task {
                    while true { try await client.send("x"); try await Task.sleep(for: .milliseconds(100)) }
                }
                _ = try await withDeadline(.seconds(8), "cut") { try await client.readAll() }
                drip.cancel()
            }
        }
    }

    @Test func recordsEachRequest() async throws {
        let metrics = MetricsRegistry()
        let log = MemoryLogSink()
        try await withServer(metrics: metrics, log: log) {
            $0.get("/a/{id}") { _ in .text("a") }
        } _: { server in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            _ = try await ask(
                server,
                "GET /a/7?secret=1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\ntraceparent: \(trace)\r\nX-Request-Id: my-request\r\n\r\n"
            )
            try await eventually { log.lines.contains { $0.message == "request" } }
            let line = try #require(log.lines.first { $0.message == "request" }).json
            #expect(line.contains("\"route\":\"/a/{id}\""))
            #expect(line.contains("4bf92f3577b34da6a3ce929d0e0e4736"))
            #expect(line.contains("my-request"))
            #expect(!line.contains("secret"))
            let text = metrics.text()
            #expect(text.contains("http_server_requests_total{method=\"GET\",route=\"/a/{id}\",status=\"200\"} 1"))
            #expect(text.contains("http_server_request_duration_seconds_count{method=\"GET\",route=\"/a/{id}\"} 1"))
        }
    }

    @Test func upgradesToRawBytes() async throws {
        try await withServer {
            $0.get("/raw") { _ in
                HTTPResponse(
                    .switchingProtocols, headers: ["Upgrade": "echo"],
                    body: .upgrade { stream in
                        while let data = try? await stream.read() { try? await stream.write(data) }
                    })
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /raw HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            let head = try await client.read(until: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 101"), "\(head)")
            for text in ["one", "two"] {
                try await client.send(text)
                #expect(try await client.read(until: text) == text)
            }
            client.close()
        }
    }

    @Test func sendsPartsOfFiles() async throws {
        let path = "/tmp/atelier-http-\(UUID().uuidString)"
        try Data((0..<200_000).map { UInt8($0 % 251) }).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withServer {
            $0.get("/file") { _ in HTTPResponse(.ok, body: .file(FileRegion(path: path, offset: 3, length: 150_000))) }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /file HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            var all = Data()
            while let chunk = try? await client.stream.read() { all.append(chunk) }
            let end = try #require(all.firstRange(of: Data("\r\n\r\n".utf8))).upperBound
            #expect(all[end...].count == 150_000)
            #expect(all[end] == 3)
        }
    }

    @Test func cancelsTheHandlerOfAClientThatLeft() async throws {
        let wasCancelled = Box(false)
        try await withServer {
            $0.get("/wait") { _ in
                do { try await Task.sleep(for: .seconds(60)) } catch { wasCancelled.value = true }
                return .noContent
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /wait HTTP/1.1\r\nHost: t\r\n\r\n")
            try await Task.sleep(for: .milliseconds(50))
            client.close()
            try await eventually { wasCancelled.value }
        }
    }
}
