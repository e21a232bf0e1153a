import FoundationEssentials
import Lifecycle
import Postgres
import Telemetry

/// Keeps the history bounded: the view of work that ended long ago, and results too old to be used again.
struct Upkeep: Sendable {
    let postgres: PostgresClient

    func part(logger: Logger) -> Periodic {
        // Jitter, so that replicas do not clean at the same moment.
        Periodic("upkeep", every: .seconds(600) * Double.random(in: 0.8...1.2), logger: logger, clean)
    }

    /// Deletes a portion of each, so that no statement takes long; whether there may be more.
    func clean() async throws -> Bool {
        let statements: [PostgresQuery] = [
            """
            DELETE FROM work WHERE id IN (
                SELECT id FROM work WHERE ended_at < now() - interval '90 days' ORDER BY ended_at LIMIT 1000)
            """,
            """
            DELETE FROM result_cache WHERE key IN (
                SELECT key FROM result_cache WHERE created_at < now() - interval '30 days' ORDER BY created_at
                LIMIT 1000)
            """,
        ]
        var most = 0
        for statement in statements { most = max(most, try await postgres.execute(statement)) }
        return most == 1000
    }
}
