import Lifecycle
import Postgres
import ServiceKit
import Telemetry

/// Keeps the tables bounded: live events for an hour, notifications for 90 days, ledgers for 30.
enum Housekeeping {
    static func part(_ postgres: PostgresClient, liveRetention: Duration, logger: Logger) -> Periodic {
        Periodic("housekeeping", every: .seconds(60), logger: logger) {
            try await LiveEventStore.forgetOld(liveRetention, on: postgres)
            try await postgres.execute("DELETE FROM notification WHERE created_at < now() - interval '90 days'")
            try await postgres.execute("DELETE FROM webhook_delivery WHERE created_at < now() - interval '30 days'")
            try await postgres.execute("DELETE FROM mail WHERE created_at < now() - interval '30 days'")
            try await Idempotency.purge(on: postgres)
            return false
        }
    }
}
