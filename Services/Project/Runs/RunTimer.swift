import FoundationEssentials
import Lifecycle
import Postgres
import Telemetry

/// Wakes runs for which something is due: a retry, a timeout, a deadline. Several replicas share the work.
struct RunTimer: Sendable {
    let driver: RunDriver
    let postgres: PostgresClient

    func part(logger: Logger) -> Periodic {
        Periodic("run timer", every: .milliseconds(250), logger: logger, wakeOne)
    }

    /// Wakes the run that has waited longest; false where nothing is due.
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
