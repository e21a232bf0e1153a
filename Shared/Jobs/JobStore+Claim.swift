internal import FoundationEssentials
internal import Postgres
internal import Primitives
internal import Telemetry

/// How a job ended, or why it was let go.
enum JobOutcome: Sendable {
    case succeeded(JSONValue)
    case failed(JobFailure)
    case cancelled
    case deadlineExceeded
    /// Given back untouched, by a process that stops.
    case released
}

extension JobStore {
    /// Claims jobs for a runner: the next of the workspaces that have least running, each counted with its priority.
    ///
    /// Workspaces with waiting jobs are found by skipping through the index, so that a backlog of one does not cost the
    /// others; rows that another runner is claiming are skipped.
    /// - Parameter served: workspaces that were served before, the last at the end: equals take turns.
    func claim(
        _ limit: Int, kinds: [String], owner: String, lease: Duration, served: [UUID] = []
    ) async throws -> [Job] {
        try await postgres.withTransaction { [onChange] transaction in
            let jobs = try await transaction.query(
                """
                WITH RECURSIVE workspace AS (
                    (SELECT workspace_id FROM job WHERE status = 'pending' ORDER BY workspace_id LIMIT 1)
                    UNION ALL
                    SELECT (SELECT job.workspace_id FROM job WHERE status = 'pending'
                        AND job.workspace_id > workspace.workspace_id ORDER BY job.workspace_id LIMIT 1)
                    FROM workspace WHERE workspace.workspace_id IS NOT NULL
                ), load AS (
                    SELECT workspace_id, count(*) AS running FROM job WHERE status = 'running' GROUP BY workspace_id
                ), served AS (
                    SELECT workspace_id, place FROM unnest(\(served)::uuid[]) WITH ORDINALITY AS s (workspace_id, place)
                ), turn AS (
                    SELECT next.id, coalesce(load.running, 0) + next.rank - next.priority AS turn,
                        coalesce(served.place, 0) AS place, next.run_after
                    FROM workspace LEFT JOIN load USING (workspace_id) LEFT JOIN served USING (workspace_id)
                    CROSS JOIN LATERAL (
                        SELECT id, priority, run_after,
                            row_number() OVER (ORDER BY priority DESC, run_after, id) AS rank
                        FROM (SELECT id, priority, run_after FROM job
                            WHERE status = 'pending' AND workspace_id = workspace.workspace_id
                                AND run_after <= now() AND kind = ANY(\(kinds))
                            ORDER BY priority DESC, run_after, id LIMIT \(limit * 2)) AS first
                    ) AS next
                    ORDER BY turn, place, run_after LIMIT \(limit * 4)
                ), picked AS (
                    SELECT job.id FROM job JOIN turn ON turn.id = job.id WHERE job.status = 'pending'
                    ORDER BY turn.turn, turn.place, turn.run_after LIMIT \(limit) FOR UPDATE OF job SKIP LOCKED
                )
                UPDATE job SET status = 'running', fence = fence + 1, tries = tries + 1, lease_owner = \(owner),
                    lease_until = now() + \(lease.seconds) * interval '1 second',
                    started_at = coalesce(started_at, now()), updated_at = now()
                FROM picked WHERE job.id = picked.id RETURNING \(Job.columns)
                """
            ).map(Job.init)
            for job in jobs { try await onChange(job, transaction) }
            return jobs
        }
    }

    /// Prolongs the leases that are still held.
    /// - Returns: those, and whether each was asked to be cancelled; the others are lost.
    func heartbeat(_ held: [(id: UUID, fence: Int64)], lease: Duration) async throws -> [UUID: Bool] {
        let rows = try await postgres.query(
            """
            UPDATE job SET lease_until = now() + \(lease.seconds) * interval '1 second'
            FROM unnest(\(held.map(\.id))::uuid[], \(held.map(\.fence))::bigint[]) AS held (id, fence)
            WHERE job.id = held.id AND job.fence = held.fence AND job.status = 'running'
            RETURNING job.id, job.cancel_requested
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((UUID, Bool).self) })
    }

    /// Writes how far a job is, if its lease is still held.
    func report(_ id: UUID, fence: Int64, progress: Int, etaMs: Int64?) async throws {
        try await change(
            id, fence, "progress = greatest(progress, \(progress)), eta_ms = \(etaMs)", in: postgres)
    }

    /// Writes how a job ended, if its lease is still held.
    /// - Returns: whether it was.
    @discardableResult
    func finish(_ job: Job, _ outcome: JobOutcome, backoff: Backoff) async throws -> Bool {
        let change: PostgresQuery
        switch outcome {
        case .succeeded(let output):
            change = """
                status = 'succeeded', progress = 100, eta_ms = NULL, output = \(output), ended_at = now(),
                error_code = NULL, error_message = NULL, retriable = NULL
                """
        case .cancelled:
            change = """
                status = 'cancelled', eta_ms = NULL, error_code = 'cancelled', error_message = NULL, retriable = false,
                ended_at = now()
                """
        case .deadlineExceeded:
            change = """
                status = 'failed', eta_ms = NULL, error_code = 'deadline_exceeded', retriable = false, ended_at = now(),
                error_message = 'The time for this work was over.'
                """
        case .released:
            change = """
                status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'pending' END,
                ended_at = CASE WHEN cancel_requested THEN now() END,
                tries = greatest(tries - 1, 0), fence = fence + 1, run_after = now()
                """
        case .failed(let failure) where failure.retriable && job.tries < job.maxAttempts:
            let delay = failure.retryAfter ?? backoff.delay(attempt: job.tries - 1)
            change = """
                status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'pending' END,
                ended_at = CASE WHEN cancel_requested THEN now() END,
                eta_ms = NULL, error_code = \(failure.code), error_message = \(failure.message),
                retriable = true, run_after = now() + \(delay.seconds) * interval '1 second'
                """
        case .failed(let failure):
            change = """
                status = 'failed', eta_ms = NULL, error_code = \(failure.code), error_message = \(failure.message),
                retriable = \(failure.retriable), ended_at = now()
                """
        }
        return try await self.change(
            job.id, job.fence, change + ", lease_until = NULL, lease_owner = NULL", in: postgres)
    }

    /// Takes up what others left: jobs whose lease ran out wait again or, after their last attempt, fail; jobs that
    /// waited past their deadline fail.
    /// - Returns: how many.
    func sweep(limit: Int = 100) async throws -> Int {
        try await postgres.withTransaction { [onChange] transaction in
            let jobs = try await transaction.query(
                """
                WITH lost AS (
                    SELECT id FROM job WHERE status = 'running' AND lease_until < now()
                    ORDER BY lease_until LIMIT \(limit) FOR UPDATE SKIP LOCKED
                ), late AS (
                    SELECT id FROM job WHERE status = 'pending' AND deadline_at < now()
                    ORDER BY deadline_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
                )
                UPDATE job SET
                    status = CASE
                        WHEN deadline_at < now() THEN 'failed' WHEN cancel_requested THEN 'cancelled'
                        WHEN tries >= max_attempts THEN 'failed' ELSE 'pending' END,
                    ended_at = CASE
                        WHEN deadline_at < now() OR cancel_requested OR tries >= max_attempts THEN now() END,
                    error_code = CASE
                        WHEN deadline_at < now() THEN 'deadline_exceeded' WHEN cancel_requested THEN 'cancelled'
                        ELSE 'worker_lost' END,
                    error_message = CASE
                        WHEN deadline_at < now() THEN 'The time for this work was over.' WHEN cancel_requested THEN NULL
                        ELSE 'The worker that had this work is gone.' END,
                    retriable = NOT (coalesce(deadline_at < now(), false) OR cancel_requested),
                    fence = fence + 1, eta_ms = NULL, lease_until = NULL, lease_owner = NULL, run_after = now(),
                    updated_at = now()
                WHERE id IN (SELECT id FROM lost UNION ALL SELECT id FROM late) RETURNING \(Job.columns)
                """
            ).map(Job.init)
            for job in jobs {
                try await onChange(job, transaction)
                if job.errorCode == "worker_lost" { transaction.onCommit { Self.countTakeover(of: job.kind) } }
            }
            return jobs.count
        }
    }

    /// Counts a job that was taken from a worker that said nothing any more.
    static func countTakeover(of kind: String, by amount: Double = 1) {
        MetricsRegistry.shared.count(
            "job_lease_takeovers_total", "Jobs whose worker was gone before they ended, by kind.", ["kind": kind],
            by: amount)
    }

    /// How many jobs there are of each kind that wait or run, and for how many seconds the oldest could have been begun.
    func load() async throws -> [(kind: String, status: String, count: Int, oldest: Double)] {
        try await postgres.query(
            """
            SELECT kind, status, count(*), greatest(0, extract(epoch FROM now() - min(run_after)))::float8
            FROM job WHERE status IN ('pending', 'running') GROUP BY kind, status
            """
        ).map { try $0.decode((String, String, Int, Double).self) }
    }

    @discardableResult
    private func change(
        _ id: UUID, _ fence: Int64, _ change: PostgresQuery, in postgres: PostgresClient
    ) async throws -> Bool {
        try await postgres.withTransaction { [onChange] transaction in
            let job = try await transaction.query(
                """
                UPDATE job SET \(change), updated_at = now()
                WHERE id = \(id) AND fence = \(fence) AND status = 'running' RETURNING \(Job.columns)
                """
            ).first.map(Job.init)
            guard let job else { return false }
            try await onChange(job, transaction)
            return true
        }
    }
}
