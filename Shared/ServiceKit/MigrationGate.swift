internal import Lifecycle
internal import Postgres
internal import Primitives
internal import Telemetry

/// Lets the parts after it start once the schema is as this executable needs it: applies it, or waits until the
/// installation's own migration step has. A database that is away is waited for.
final class MigrationGate: Service {
    let name = "migrations"
    private let modules: [(name: String, migrations: [Migration])]
    private let client: PostgresClient
    private let applies: Bool
    private let logger: Logger
    private let stopping = AsyncTrigger()

    init(modules: [(name: String, migrations: [Migration])], client: PostgresClient, applies: Bool, logger: Logger) {
        self.modules = modules
        self.client = client
        self.applies = applies
        self.logger = logger
    }

    func run() async throws { await stopping.wait() }

    func stop() async { stopping.fire() }

    func ready() async throws {
        let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(2))
        var attempt = 0
        while true {
            try Task.checkCancellation()
            do {
                if try await isCurrent() { return }
            } catch let error as PostgresError where error.isRetriable {
                if attempt % 20 == 3 { logger.warning("waiting for the database", ["error": .string("\(error)")]) }
            }
            try await Task.sleep(for: backoff.delay(attempt: attempt))
            attempt += 1
        }
    }

    private func isCurrent() async throws -> Bool {
        for (name, migrations) in modules {
            if applies {
                try await Migrator.apply(migrations, module: name, on: client)
            } else if try await !Migrator.pending(migrations, module: name, on: client).isEmpty {
                logger.warning("waiting for migrations", ["module": .string(name)])
                return false
            }
        }
        return true
    }
}
