import Lifecycle
import Postgres
import ServiceKit
import Telemetry

/// Keeps the hourly sums up to date, the days ahead of the clock, and old events away.
final class Folding: Service {
    let name = "folding"
    private let postgres: PostgresClient
    private let settings: AnalyticsConfiguration
    private let logger: Logger
    private let stopped = AsyncTrigger()

    init(_ postgres: PostgresClient, _ settings: AnalyticsConfiguration, logger: Logger) {
        self.postgres = postgres
        self.settings = settings
        self.logger = logger
    }

    func run() async throws {
        var keepDue = ContinuousClock.now
        while !stopped.hasFired {
            do {
                if ContinuousClock.now >= keepDue {
                    try await PartitionStore.keep(retentionDays: settings.retentionDays, on: postgres)
                    try await Idempotency.purge(on: postgres)
                    keepDue = .now + .seconds(1800)
                }
                while try await EventStore.fold(on: postgres) > 0, !stopped.hasFired {}
            } catch { logger.warning("sums not up to date", ["error": .string("\(error)")]) }
            await stopped.wait(upTo: settings.foldInterval)
        }
    }

    func stop() async { stopped.fire() }
}
