import FoundationEssentials
import Lifecycle
import Postgres
import Telemetry

/// Wakes runs for which something is due: a retry, a timeout, a deadline. Several replicas share the work.
final class RunTimer: Service {
    let name = "run timer"
    private let driver: RunDriver
    private let postgres: PostgresClient
    private let logger: Logger
    private let stopping = AsyncTrigger()

    init(driver: RunDriver, postgres: PostgresClient, logger: Logger) {
        self.driver = driver
        self.postgres = postgres
        self.logger = logger
    }

    func run() async throws {
        while !stopping.hasFired {
            do {
                while try await wakeOne(), !stopping.hasFired {}
            } catch {
                logger.warning("timer could not look", ["error": .string("\(error)")])
            }
            await stopping.wait(upTo: .milliseconds(250))
        }
    }

    func stop() async { stopping.fire() }

    private func wakeOne() async throws -> Bool {
        try await postgres.withTransaction { tx in
            guard var run = try await driver.store.lockDue(in: tx) else { return false }
            // What this causes belongs to the trace in which the run was started.
            let trace = Trace(traceID: run.traceID, spanID: Trace.root().spanID, sampled: run.traceSampled)
            try await Trace.$current.withValue(run.traceID.isEmpty ? nil : trace) {
                let before = run.state
                try await driver.apply(.tick, to: &run, in: tx)
                // Nothing to do after all (a clock that steps back): look again later, not at once.
                if run.state == before { try await driver.store.update(run, in: tx) }
            }
            return true
        }
    }
}
