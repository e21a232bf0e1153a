import Lifecycle
import Postgres
import ServiceKit
import Telemetry

/// Forgets, once in a while, what nobody can use any more.
final class Housekeeping: Service {
    let name = "housekeeping"
    private let postgres: PostgresClient
    private let logger: Logger
    private let stopped = AsyncTrigger()

    init(_ postgres: PostgresClient, logger: Logger) {
        self.postgres = postgres
        self.logger = logger
    }

    func run() async throws {
        while !stopped.hasFired {
            do {
                try await SessionStore.forgetOld(on: postgres)
                try await Idempotency.purge(on: postgres)
            } catch { logger.warning("old rows not removed", ["error": "\(error)"]) }
            await stopped.wait(upTo: .seconds(600))
        }
    }

    func stop() async { stopped.fire() }
}
