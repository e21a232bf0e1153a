public import FoundationEssentials
internal import Lifecycle
public import Postgres
internal import Primitives
internal import Synchronization
internal import Telemetry

/// The jobs of one service, in the table `job` of its schema.
///
/// Whatever changes a job calls `onChange` in the same transaction: there the event about it goes into the outbox.
public final class JobStore: Sendable {
    /// Gets a job after each change, within the transaction of the change.
    public typealias ChangeHandler = @Sendable (Job, PostgresTransaction) async throws -> Void

    let postgres: PostgresClient
    let onChange: ChangeHandler
    private let bells = Mutex<[Bell]>([])

    /// The jobs in the client's schema.
    public init(_ postgres: PostgresClient, onChange: @escaping ChangeHandler = { _, _ in }) {
        self.postgres = postgres
        self.onChange = onChange
    }

    // MARK: Asking

    /// Adds a job. A job with the same id is left as it is.
    /// - Returns: the new job; `nil` where there was one.
    /// - Throws: `PostgresError`, and what the change handler throws.
    @discardableResult
    public func enqueue(_ request: JobRequest, in transaction: PostgresTransaction) async throws -> Job? {
        let rows = try await transaction.query(
            """
            INSERT INTO job (id, kind, workspace_id, user_id, project_id, asset_id, run_id, step_id, attempt, payload,
                priority, deadline_at, max_attempts, run_after, traceparent)
            VALUES (\(request.id), \(request.kind), \(request.workspaceID), \(request.userID), \(request.projectID),
                \(request.assetID), \(request.runID), \(request.stepID), \(request.attempt), \(request.payload),
                \(request.priority), \(request.deadline), \(request.maxAttempts),
                coalesce(\(request.notBefore)::timestamptz, now()), \(Trace.current?.traceparent))
            ON CONFLICT (id) DO NOTHING RETURNING \(Job.columns)
            """)
        guard let job = try rows.first.map(Job.init) else { return nil }
        try await onChange(job, transaction)
        transaction.onCommit { [weak self] in self?.ring() }
        return job
    }

    /// The job of a workspace.
    public func job(_ id: UUID, workspaceID: UUID) async throws -> Job? {
        try await postgres.query("SELECT \(Job.columns) FROM job WHERE id = \(id) AND workspace_id = \(workspaceID)")
            .first.map(Job.init)
    }

    /// The jobs of a workspace, newest first.
    public func jobs(workspaceID: UUID, status: JobStatus? = nil, limit: Int = 50) async throws -> [Job] {
        try await postgres.query(
            """
            SELECT \(Job.columns) FROM job
            WHERE workspace_id = \(workspaceID) AND (\(status)::text IS NULL OR status = \(status))
            ORDER BY created_at DESC, id LIMIT \(limit)
            """
        ).map(Job.init)
    }

    /// Asks that a job ends: one that waits is cancelled at once, one that runs as soon as its handler lets go.
    /// - Parameter workspaceID: the only workspace whose job may be meant; `nil` for commands within the fleet.
    /// - Returns: the job after it; `nil` where there is none.
    @discardableResult
    public func cancel(
        _ id: UUID, workspaceID: UUID? = nil, in transaction: PostgresTransaction
    ) async throws -> Job? {
        let before = try await lock(id, workspaceID, transaction)
        guard let before, !before.status.isFinal else { return before }
        let change: PostgresQuery =
            before.status == .pending
            ? """
            status = 'cancelled', cancel_requested = true, fence = fence + 1, ended_at = now(), eta_ms = NULL,
            error_code = 'cancelled', error_message = NULL, retriable = false
            """
            : "cancel_requested = true"
        let job = try await update(id, change, transaction)
        if before.status == .running {
            try await transaction.execute("SELECT pg_notify(\(channel), \(id.text))")
        } else if let job {
            try await onChange(job, transaction)
        }
        return job
    }

    /// Begins a failed or cancelled job anew, with all its attempts.
    /// - Returns: the job after it; `nil` where there is none. A job that has not ended, or succeeded, is left alone.
    @discardableResult
    public func retry(
        _ id: UUID, workspaceID: UUID? = nil, in transaction: PostgresTransaction
    ) async throws -> Job? {
        let before = try await lock(id, workspaceID, transaction)
        guard let before, before.status == .failed || before.status == .cancelled else { return before }
        let job = try await update(
            id,
            """
            status = 'pending', tries = 0, fence = fence + 1, run_after = now(), cancel_requested = false, progress = 0,
            eta_ms = NULL, error_code = NULL, error_message = NULL, retriable = NULL, ended_at = NULL, started_at = NULL,
            deadline_at = CASE WHEN deadline_at < now() THEN NULL ELSE deadline_at END
            """, transaction)
        if let job { try await onChange(job, transaction) }
        transaction.onCommit { [weak self] in self?.ring() }
        return job
    }

    /// Deletes jobs that ended before `date`, at most `limit` at a time.
    /// - Returns: how many.
    public func purge(before date: Date, limit: Int = 1000) async throws -> Int {
        try await postgres.execute(
            "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended_at < \(date) ORDER BY ended_at LIMIT \(limit))"
        )
    }

    // MARK: For the runners

    /// The channel that says which running job is to be cancelled. Channels belong to the database: hence the schema.
    var channel: String { "job_cancel_\(postgres.schema)" }

    func attach(_ bell: Bell) { bells.withLock { $0.append(bell) } }
    func detach(_ bell: Bell) { bells.withLock { $0.removeAll { $0 === bell } } }

    private func ring() { for bell in bells.withLock({ $0 }) { bell.ring() } }

    private func lock(_ id: UUID, _ workspaceID: UUID?, _ transaction: PostgresTransaction) async throws -> Job? {
        try await transaction.query(
            """
            SELECT \(Job.columns) FROM job
            WHERE id = \(id) AND (\(workspaceID)::uuid IS NULL OR workspace_id = \(workspaceID)) FOR UPDATE
            """
        ).first.map(Job.init)
    }

    private func update(
        _ id: UUID, _ change: PostgresQuery, _ transaction: PostgresTransaction
    ) async throws -> Job? {
        try await transaction.query(
            "UPDATE job SET \(change), updated_at = now() WHERE id = \(id) RETURNING \(Job.columns)"
        ).first.map(Job.init)
    }
}
