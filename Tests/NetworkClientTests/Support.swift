import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import Synchronization
import Telemetry

/// Runs a server on a free port, with a client, for the time of `body`.
func withFleet(
    _ routes: (inout Router) -> Void, _ body: (HTTPClient, String) async throws -> Void
) async throws {
    var router = Router()
    routes(&router)
    var limits = ServerLimits()
    limits.drain = .milliseconds(300)
    let server = HTTPServer(
        router: router, port: 0, limits: limits, logger: Logger(service: "test", sink: MemoryLogSink()),
        metrics: MetricsRegistry())
    try server.start()
    let client = HTTPClient()
    do { try await body(client, "http://127.0.0.1:\(server.boundPort)") } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

/// Chunks that are made when they are asked for.
final class MadeChunks: HTTPBodySource {
    private let state: Mutex<(left: Int, made: Int)>
    let size: Int

    init(count: Int, size: Int) {
        self.size = size
        state = Mutex((count, 0))
    }

    var made: Int { state.withLock { $0.made } }

    func next() async throws -> Data? {
        state.withLock { state in
            guard state.left > 0 else { return nil }
            state.left -= 1
            state.made += 1
            return Data(repeating: UInt8(truncatingIfNeeded: state.made), count: size)
        }
    }
}
