import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import Primitives
import Synchronization
import Telemetry

/// A provider on this machine that gives prepared answers, one after the other, and keeps what it was asked.
final class ProviderServer: Sendable {
    struct Answer: Sendable {
        var status: HTTPStatus = .ok
        var headers: HTTPHeaders = [:]
        var body: JSONValue
        var delay: Duration = .zero
    }

    private let answers: Mutex<[Answer]>
    private let asked = Mutex<[(headers: HTTPHeaders, body: JSONValue)]>([])

    init(_ answers: [Answer]) { self.answers = Mutex(answers) }

    var requests: [(headers: HTTPHeaders, body: JSONValue)] { asked.withLock { $0 } }

    /// Runs the server for the time of `body`, which gets a client and the server's URL.
    func run(_ body: (HTTPClient, String) async throws -> Void) async throws {
        var router = Router()
        let answer: Handler = { [self] request in
            let content: JSONValue = try await request.decode(limit: 1 << 20)
            asked.withLock { $0.append((request.headers, content)) }
            // The last answer is given again and again.
            let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            try await Task.sleep(for: answer.delay)
            var response = try HTTPResponse.json(answer.status, answer.body)
            for field in answer.headers { response.headers.set(field.name, field.value) }
            return response
        }
        router.post("/v1/chat/completions", answer)
        router.post("/v1/text-to-speech/{voice}/with-timestamps", answer)
        var limits = ServerLimits()
        limits.drain = .milliseconds(100)
        let server = HTTPServer(
            router: router, port: 0, limits: limits, logger: Logger(service: "test", sink: MemoryLogSink()),
            metrics: MetricsRegistry())
        try server.start()
        let client = HTTPClient()
        let outcome = await Result { try await body(client, "http://127.0.0.1:\(server.boundPort)") }
        await server.stop()
        try outcome.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
