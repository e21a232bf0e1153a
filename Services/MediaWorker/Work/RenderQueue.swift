import Lifecycle
import Postgres
import Telemetry

/// Counts the renders, edits and transcodes that wait, over all workers: the metric `render_queue_size`, for whose
/// growth there is an alert (MED-019, MED-022).
struct RenderQueue: Sendable {
    let postgres: PostgresClient
    let metrics: MetricsRegistry

    func part(logger: Logger) -> Periodic {
        Periodic("render queue", every: .seconds(5), logger: logger) {
            metrics.gauge(
                "render_queue_size", "Renders, edits and transcodes that wait.", [:], Double(try await measure()))
            return false
        }
    }

    /// Work that waits.
    func measure() async throws -> Int {
        let kinds = [WorkKind.montage, .transcode, .photoEdit, .proxy, .hls].map(\.rawValue)
        let rows = try await postgres.query(
            "SELECT count(*) FROM job WHERE status = 'pending' AND kind = ANY(\(kinds))")
        return try rows.first?.decode(Int.self) ?? 0
    }
}
