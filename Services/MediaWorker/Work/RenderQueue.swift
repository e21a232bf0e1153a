import Lifecycle
import Postgres
import Telemetry

/// Counts the renders, edits and transcodes that wait, over all workers: the metric `render_queue_size`, for whose
/// growth there is an alert (MED-019, MED-022).
final class RenderQueue: Service {
    let name = "render queue"
    private let postgres: PostgresClient
    private let metrics: MetricsRegistry
    private let stopping = AsyncTrigger()

    init(postgres: PostgresClient, metrics: MetricsRegistry) {
        self.postgres = postgres
        self.metrics = metrics
    }

    func run() async throws {
        while !stopping.hasFired, !Task.isCancelled {
            // A database that is away is told of elsewhere; the figure stays as it was.
            if let count = try? await measure() {
                metrics.gauge(
                    "render_queue_size", "Renders, edits and transcodes that wait.", [:], Double(count))
            }
            await stopping.wait(upTo: .seconds(5))
        }
    }

    func stop() async { stopping.fire() }

    /// Work that waits.
    func measure() async throws -> Int {
        let kinds = [WorkKind.montage, .transcode, .photoEdit, .proxy, .hls].map(\.rawValue)
        let rows = try await postgres.query(
            "SELECT count(*) FROM job WHERE status = 'pending' AND kind = ANY(\(kinds))")
        return try rows.first?.decode(Int.self) ?? 0
    }
}
