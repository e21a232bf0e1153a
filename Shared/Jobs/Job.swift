public import FoundationEssentials
internal import Postgres
public import Primitives

/// A job as its row stands.
public struct Job: Sendable, Identifiable {
    /// The identity, as it was asked with.
    public let id: UUID
    /// Which handler does it.
    public let kind: String
    /// The tenant.
    public let workspaceID: UUID
    /// The person who asked.
    public let userID: UUID?
    /// The project it belongs to.
    public let projectID: UUID?
    /// The asset it is about.
    public let assetID: UUID?
    /// The workflow run it is a step of.
    public let runID: UUID?
    /// The step of that run.
    public let stepID: String?
    /// Which attempt of its workflow step this job is; not how often the job itself was begun (``tries``).
    public let attempt: Int
    /// The handler's parameters.
    public let payload: JSONValue
    /// From -100 to 100; more comes first.
    public let priority: Int
    /// Where it stands.
    public let status: JobStatus
    /// How often it was begun.
    public let tries: Int
    /// How often it is begun at most.
    public let maxAttempts: Int
    /// Grows each time the job changes hands; a write with an older one has no effect.
    public let fence: Int64
    /// Not begun earlier.
    public let runAfter: Date
    /// When it has no use any more.
    public let deadline: Date?
    /// From 0 to 100.
    public let progress: Int
    /// The time that is left, as guessed.
    public let etaMs: Int64?
    /// What the handler returned.
    public let output: JSONValue?
    /// Why the last try failed.
    public let errorCode: String?
    /// The same for people.
    public let errorMessage: String?
    /// Whether another try may succeed.
    public let retriable: Bool?
    /// Whether somebody asked that it ends.
    public let cancelRequested: Bool
    /// When it was asked for.
    public let createdAt: Date
    /// When it was first begun.
    public let startedAt: Date?
    /// When it ended.
    public let endedAt: Date?
    /// When its row last changed.
    public let updatedAt: Date
    /// The trace of who asked.
    package let traceparent: String?

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
