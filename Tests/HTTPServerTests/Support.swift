import FoundationEssentials
import HTTP
import HTTPServer
import Primitives
import Synchronization
import Telemetry

/// Runs a server on a free port for the time of `body`.
func withServer(
    limits: ServerLimits = ServerLimits(), metrics: MetricsRegistry = MetricsRegistry(),
    log: MemoryLogSink = MemoryLogSink(), _ routes: (inout Router) -> Void,
    _ body: (HTTPServer) async throws -> Void
) async throws {
    var router = Router()
    routes(&router)
    let server = HTTPServer(
        router: router, port: 0, limits: limits, logger: Logger(service: "test", sink: log), metrics: metrics)
    try server.start()
    let run = Task { try await server.run() }
    do { try await body(server) } catch {
        await server.stop()
        throw error
    }
    await server.stop()
    try await run.value
}

/// One request on a connection of its own.
func ask(_ server: HTTPServer, _ text: String) async throws -> String {
    let client = try await RawClient(port: server.boundPort)
    try await client.send(text)
    let answer = try await withDeadline(.seconds(10), "answer") { try await client.readAll() }
    client.close()
    return answer
}

/// Polls until `condition` holds.
func eventually(_ limit: Duration = .seconds(10), _ condition: () async -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while !(await condition()) {
        guard ContinuousClock.now < end else { throw DeadlineExceeded(operation: "eventually", limit: limit) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A number that tasks share.
final class Box<T: Sendable>: Sendable {
    private let stored: Mutex<T>
    init(_ value: T) { stored = Mutex(value) }
    var value: T {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
    func change(_ body: (inout T) -> Void) {
        stored.withLock { value in
            var copy = value
            body(&copy)
            value = copy
        }
    }
}
