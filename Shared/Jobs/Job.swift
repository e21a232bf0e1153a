public import FoundationEssentials
internal import Postgres
public import Primitives

/// A job as its row stands.
public struct Job: Sendable, Identifiable {
    public let id: UUID
    public let kind: String
    public let workspaceID: UUID
    public let userID: UUID?
    public let projectID: UUID?
    public let assetID: UUID?
    public let runID: UUID?
    public let stepID: String?
    /// Which attempt of its workflow step this job is; not how often the job itself was begun (``tries``).
    public let attempt: Int
    public let payload: JSONValue
    public let priority: Int
    public let status: JobStatus
    /// How often it was begun.
    public let tries: Int
    public let maxAttempts: Int
    /// Grows each time the job changes hands; a write with an older one has no effect.
    public let fence: Int64
    public let runAfter: Date
    public let deadline: Date?
    /// From 0 to 100.
    public let progress: Int
    /// The time that is left, as guessed.
    public let etaMs: Int64?
    /// What the handler returned.
    public let output: JSONValue?
    /// Why the last try failed.
    public let errorCode: String?
    public let errorMessage: String?
    public let retriable: Bool?
    public let cancelRequested: Bool
    public let createdAt: Date
    public let startedAt: Date?
    public let endedAt: Date?
    public let updatedAt: Date
    /// The trace of who asked.
    let traceparent: String?

    static let columns: PostgresQuery = """
        job.id, job.kind, job.workspace_id, job.user_id, job.project_id, job.asset_id, job.run_id, job.step_id,
        job.attempt, job.payload, job.priority, job.status, job.tries, job.max_attempts, job.fence, job.run_after,
        job.deadline_at, job.progress, job.eta_ms, job.output, job.error_code, job.error_message, job.retriable,
        job.cancel_requested, job.created_at, job.started_at, job.ended_at, job.updated_at, job.traceparent
        """

    init(_ row: PostgresRow) throws {
        (id, kind, workspaceID, userID, projectID, assetID, runID, stepID) = try row.decode(
            (UUID, String, UUID, UUID?, UUID?, UUID?, UUID?, String?).self)
        (attempt, payload, priority, status, tries, maxAttempts, fence, runAfter) = try row.decode(
            (Int, JSONValue, Int, JobStatus, Int, Int, Int64, Date).self, from: 8)
        (deadline, progress, etaMs, output, errorCode, errorMessage, retriable) = try row.decode(
            (Date?, Int, Int64?, JSONValue?, String?, String?, Bool?).self, from: 16)
        (cancelRequested, createdAt, startedAt, endedAt, updatedAt, traceparent) = try row.decode(
            (Bool, Date, Date?, Date?, Date, String?).self, from: 23)
    }
}
