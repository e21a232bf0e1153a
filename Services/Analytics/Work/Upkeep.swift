import Lifecycle
import Postgres
import ServiceKit
import Telemetry

/// Keeps the hourly sums up to date, the days ahead of the clock, and old events away.
enum Upkeep {
    static func parts(_ postgres: PostgresClient, _ settings: AnalyticsConfiguration, logger: Logger) -> [Periodic] {
        [
            // First: an event has to have a day to be put in.
            Periodic("days", every: .seconds(1800), logger: logger) {
                try await PartitionStore.keep(retentionDays: settings.retentionDays, on: postgres)
                try await Idempotency.purge(on: postgres)
                return false
            },
            Periodic("folding", every: settings.foldInterval, logger: logger) {
                try await EventStore.fold(on: postgres) > 0
            },
        ]
    }
}
