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

    /// Counts what is under way: a run that hangs ends no histogram.
    func gauges(logger: Logger) -> Periodic {
        Periodic("run gauges", every: .seconds(10), logger: logger) {
            let rows = try await postgres.query(
                """
                SELECT count(*), greatest(0, coalesce(extract(epoch FROM now() - min(created_at)), 0))::float8
                FROM run WHERE status IN ('pending', 'running')
                """)
            let (count, oldest) = try rows.first?.decode((Int, Double).self) ?? (0, 0)
            driver.metrics.gauge("pipeline_running", "Runs that have not ended.", [:], Double(count))
            driver.metrics.gauge(
                "pipeline_oldest_seconds", "Time since the oldest run that has not ended was started.", [:], oldest)
            return false
        }
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
