import FoundationEssentials
import HTTP
import HTTPServer
import Lifecycle
import NetworkClient
import Primitives
import Telemetry
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HTTPClientTests {
    @Test(arguments: [HTTPMethod.GET, .POST, .PUT, .PATCH, .DELETE, .OPTIONS])
    func sendsEachMethod(method: HTTPMethod) async throws {
        try await withFleet {
            $0.on(method, "/echo") { request in
                let body = String(decoding: try await request.body.collect(upTo: 100), as: UTF8.self)
                let length = request.headers["Content-Length"] ?? "-"
                return .text("\(request.method) \(length) \(request.contentType ?? "-") \(body)")
            }
        } _: { client, base in
            let none = try await client.execute(HTTPClientRequest(method, "\(base)/echo")).data()
            let length = [.GET, .DELETE, .OPTIONS].contains(method) ? "-" : "0"
            #expect(String(decoding: none, as: UTF8.self) == "\(method) \(length) - ")
            let some = try await client.execute(
                HTTPClientRequest(
                    method, "\(base)/echo", headers: ["Content-Type": "text/x"], body: .data(Data("abc".utf8)))
            ).data()
            #expect(String(decoding: some, as: UTF8.self) == "\(method) 3 text/x abc")
        }
    }

    @Test func readsHeads() async throws {
        try await withFleet {
            $0.get("/a") { _ in HTTPResponse(.ok, headers: ["X-A": "1", "X-Empty": ""], body: .data(Data("abc".utf8))) }
        } _: { client, base in
            let answer = try await client.execute(HTTPClientRequest(.HEAD, "\(base)/a"))
            #expect(answer.status == .ok)
            #expect(answer.headers["x-a"] == "1")
            #expect(answer.headers["Content-Length"] == "3")
            #expect(try await answer.data().isEmpty)
        }
    }

    @Test func carriesTheTrace() async throws {
        try await withFleet {
            $0.get("/a") { .text($0.headers["traceparent"] ?? "none") }
        } _: { client, base in
            let trace = Trace.root(requestID: "request-1")
            let seen = try await Trace.$current.withValue(trace) {
                try await client.execute(HTTPClientRequest(.GET, "\(base)/a")).data()
            }
            #expect(String(decoding: seen, as: UTF8.self).contains(trace.traceID))
        }
    }

    @Test func streamsBothWays() async throws {
        try await withFleet {
            $0.post("/sum") { request in
                var count = 0
                for try await chunk in request.body { count += chunk.count }
                return .text("\(count) \(request.headers["Content-Length"] ?? "chunked")")
            }
            $0.get("/big") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: nil) { writer in
                        for _ in 0..<512 { try await writer.write(Data(repeating: 7, count: 64 << 10)) }
                    })
            }
        } _: { client, base in
            for length in [nil, Int64(32 << 20)] {
                let source = MadeChunks(count: 512, size: 64 << 10)
                let answer = try await client.execute(
                    HTTPClientRequest(.POST, "\(base)/sum", body: .stream(HTTPBody(source), length: length)))
                let text = String(decoding: try await answer.data(), as: UTF8.self)
                #expect(text == "\(32 << 20) \(length.map(String.init) ?? "chunked")")
            }
            var count = 0
            for try await chunk in try await client.execute(HTTPClientRequest(.GET, "\(base)/big")).body {
                count += chunk.count
            }
            #expect(count == 32 << 20)
        }
    }

    @Test func uploadsFiles() async throws {
        let path = "/tmp/atelier-client-\(UUID().uuidString)"
        try Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withFleet {
            $0.put("/file") { request in
                let data = try await request.body.collect(upTo: 4 << 20)
                return .text("\(data.count) \(data.first ?? 0)")
            }
        } _: { client, base in
            var request = HTTPClientRequest(
                .PUT, "\(base)/file", body: .file(FileRegion(path: path, offset: 5, length: 2_500_000)))
            request.expectContinue = true
            let text = String(decoding: try await client.execute(request).data(), as: UTF8.self)
            #expect(text == "2500000 5")
        }
    }

    @Test func holdsBackWhatIsNotRead() async throws {
        let source = MadeChunks(count: 1000, size: 64 << 10)
        let gate = AsyncTrigger()
        try await withFleet {
            $0.post("/count") { request in
                var count = 0
                for try await chunk in request.body {
                    while !gate.hasFired { try await Task.sleep(for: .milliseconds(5)) }
                    count += chunk.count
                }
                return .text("\(count)")
            }
        } _: { client, base in
            let answer = Task {
                try await client.execute(
                    HTTPClientRequest(.POST, "\(base)/count", body: .stream(HTTPBody(source), length: nil)))
            }
            try await eventually { source.made > 0 }
            var last = -1
            while last != source.made {
                last = source.made
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(last < 700)
            gate.fire()
            #expect(String(decoding: try await answer.value.data(), as: UTF8.self) == "\(1000 * 64 << 10)")
        }
    }

    @Test func tellsFailuresApart() async throws {
        try await withFleet {
            $0.get("/never") { _ in
                try await Task.sleep(for: .seconds(60))
                return .noContent
            }
            $0.get("/cut") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: 10) { writer in
                        try await writer.write(Data("abc".utf8))
                        throw PeerGone()
                    })
            }
        } _: { client, base in
            let slow = await #expect(throws: HTTPClientError.self) {
                try await client.execute(HTTPClientRequest(.GET, "\(base)/never", timeout: .milliseconds(200)))
            }
            #expect(slow?.code == .timedOut)
            #expect(slow?.outcomeUnknown == true)
            let refused = await #expect(throws: HTTPClientError.self) {
                try await client.execute(HTTPClientRequest(.GET, "http://127.0.0.1:1/"))
            }
            #expect(refused?.code == .refused)
            #expect(refused?.outcomeUnknown == false)
            let cut = await #expect(throws: HTTPClientError.self) {
                try await client.execute(HTTPClientRequest(.GET, "\(base)/cut")).data()
            }
            #expect(cut?.code == .reset)
            var inner = HTTPClientRequest(.GET, "\(base)/never")
            inner.allowsPrivateAddresses = false
            let guarded = await #expect(throws: HTTPClientError.self) { try await client.execute(inner) }
            #expect(guarded?.outcomeUnknown == false)
            let smuggled = await #expect(throws: HTTPClientError.self) {
                try await client.execute(HTTPClientRequest(.GET, base, headers: ["X": "a\r\nY: b"]))
            }
            #expect(smuggled?.code == .invalidRequest)
        }
    }

    @Test func cancellationEndsATransfer() async throws {
        try await withFleet {
            $0.get("/never") { _ in
                try await Task.sleep(for: .seconds(60))
                return .noContent
            }
            $0.get("/endless") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream(length: nil) { writer in
                        while true { try await writer.write(Data(repeating: 1, count: 1 << 16)) }
                    })
            }
        } _: { client, base in
            let task = Task { try await client.execute(HTTPClientRequest(.GET, "\(base)/never")) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            // An answer that is dropped unread ends its connection, or the server could not stop.
            _ = try await client.execute(HTTPClientRequest(.GET, "\(base)/endless"))
        }
    }

    @Test func anUploadWhoseSourceFailsIsCut() async throws {
        struct Broken: HTTPBodySource {
            func next() async throws -> Data? { throw DeadlineExceeded(operation: "source", limit: .seconds(1)) }
        }
        try await withFleet {
            $0.post("/a") { .text("\(try await $0.body.collect(upTo: 100).count)") }
        } _: { client, base in
            await #expect(throws: DeadlineExceeded.self) {
                try await client.execute(
                    HTTPClientRequest(.POST, "\(base)/a", body: .stream(HTTPBody(Broken()), length: nil)))
            }
        }
    }

    @Test func manyAtOnce() async throws {
        try await withFleet {
            $0.get("/n/{n}") { .text(try $0.parameter("n")) }
        } _: { client, base in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for n in 0..<300 {
                    group.addTask {
                        let data = try await client.execute(HTTPClientRequest(.GET, "\(base)/n/\(n)")).data()
                        return String(decoding: data, as: UTF8.self) == "\(n)"
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
