import FoundationEssentials
import Lifecycle
import Postgres
import Telemetry

/// Keeps the history bounded: the view of work that ended long ago, and results too old to be used again.
final class Upkeep: Service {
    let name = "upkeep"
    private let postgres: PostgresClient
    private let logger: Logger
    private let stopping = AsyncTrigger()

    init(postgres: PostgresClient, logger: Logger) {
        self.postgres = postgres
        self.logger = logger
    }

    func run() async throws {
        while !stopping.hasFired {
            do { try await clean() } catch {
                logger.warning("history was not cleaned", ["error": .string("\(error)")])
            }
            // Jitter, so that replicas do not clean at the same moment.
            let pause = Duration.seconds(600) * Double.random(in: 0.8...1.2)
            await stopping.wait(upTo: pause)
        }
    }

    func stop() async { stopping.fire() }

    /// Deletes in portions, so that no statement takes long.
    func clean() async throws {
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
        for statement in statements {
            while try await postgres.execute(statement) == 1000, !stopping.hasFired {}
        }
    }
}
