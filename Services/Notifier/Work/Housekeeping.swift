import Lifecycle
import Postgres
import ServiceKit
import Telemetry

/// Keeps the tables bounded: live events for an hour, notifications for 90 days, ledgers for 30.
final class Housekeeping: Service {
    let name = "housekeeping"
    private let postgres: PostgresClient
    private let retention: Duration
    private let logger: Logger
    private let stopped = AsyncTrigger()

    init(_ postgres: PostgresClient, liveRetention: Duration, logger: Logger) {
        self.postgres = postgres
        self.logger = logger
        retention = liveRetention
    }

    func run() async throws {
        while !stopped.hasFired {
            do {
                try await LiveEventStore.forgetOld(retention, on: postgres)
                try await postgres.execute("DELETE FROM notification WHERE created_at < now() - interval '90 days'")
                try await postgres.execute("DELETE FROM webhook_delivery WHERE created_at < now() - interval '30 days'")
                try await postgres.execute("DELETE FROM mail WHERE created_at < now() - interval '30 days'")
                try await Idempotency.purge(on: postgres)
            } catch { logger.warning("old rows not removed", ["error": .string("\(error)")]) }
            await stopped.wait(upTo: .seconds(60))
        }
    }

    func stop() async { stopped.fire() }
}
