import FoundationEssentials
import HTTP
import Lifecycle
import Postgres
import Primitives
import Synchronization
import Telemetry

/// Wakes the listeners of a workspace when it has news. One LISTEN for the process, however many listeners there are.
///
/// A listener has no queue of its own: it reads the table from where it is, as fast as its peer takes it. A slow one
/// costs nothing but its place; when its place is older than what is kept, it is told so and closed.
final class LiveHub: Service {
    /// More streams are open than this process keeps.
    struct Full: Error {}

    private struct State {
        var next = 0
        var waiting: [UUID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var count = 0
    }

    let name = "live-hub"
    private let postgres: PostgresClient
    private let limit: Int
    private let logger: Logger
    private let state = Mutex(State())
    private let stopped = AsyncTrigger()

    init(_ postgres: PostgresClient, limit: Int, logger: Logger) {
        self.postgres = postgres
        self.limit = limit
        self.logger = logger
    }

    func run() async throws {
        MetricsRegistry.shared.onScrape { [weak self] metrics in
            metrics.gauge("live_streams", "Open live streams: SSE and WebSocket.", [:], Double(self?.count ?? 0))
        }
        let listening = Task { [self] in
            for await payload in postgres.listen(LiveEventStore.channel) { wake(UUID(uuidString: payload)) }
        }
        await stopped.wait()
        listening.cancel()
        let all = state.withLock { $0.waiting.values.flatMap(\.values) }
        for listener in all { listener.finish() }
    }

    func stop() async { stopped.fire() }

    var count: Int { state.withLock { $0.count } }

    /// - Throws: `Problem` 503 where no further stream may be opened.
    func checkRoom() throws {
        guard count < limit else { throw Problem.unavailable("Too many live streams are open.", retryAfter: 5) }
    }

    /// Wakes the listeners of a workspace; all of them for `nil`, when notifications may have been lost.
    func wake(_ workspace: UUID?) {
        let listeners = state.withLock { state in
            workspace.map { Array(state.waiting[$0, default: [:]].values) }
                ?? state.waiting.values.flatMap(\.values)
        }
        for listener in listeners { listener.yield() }
    }

    /// Something to look at the table for, at once and whenever there may be news; ends when the process stops.
    /// - Throws: ``Full``.
    func signals(_ workspace: UUID) throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            guard state.count < limit else { return nil }
            state.next += 1
            state.count += 1
            state.waiting[workspace, default: [:]][state.next] = continuation
            return state.next
        }
        guard let id else { throw Full() }
        continuation.onTermination = { [weak self] _ in self?.remove(id, workspace) }
        continuation.yield()
        if stopped.hasFired { continuation.finish() }
        return stream
    }

    private func remove(_ id: Int, _ workspace: UUID) {
        state.withLock { state in
            guard state.waiting[workspace]?.removeValue(forKey: id) != nil else { return }
            state.count -= 1
            if state.waiting[workspace]?.isEmpty == true { state.waiting[workspace] = nil }
        }
    }
}
