import Events
import FoundationEssentials
import Postgres
import Primitives

/// A piece of work of some worker, as it told of it last.
struct Work: Sendable {
    let id: UUID
    let worker: String
    let kind: String
    let workspaceID: UUID
    let userID: UUID
    let projectID: UUID?
    let assetID: UUID?
    let runID: UUID?
    let stepID: String?
    let attempt: Int
    let status: String
    let progress: Int
    let etaMs: Int64?
    let output: JSONValue?
    let errorCode: String?
    let errorMessage: String?
    let retriable: Bool
    let createdAt: Date
    let changedAt: Date
    let endedAt: Date?

    static let columns: PostgresQuery = """
        id, worker, kind, workspace_id, user_id, project_id, asset_id, run_id, step_id, attempt, status, progress,
        eta_ms, output, error_code, error_message, retriable, created_at, changed_at, ended_at
        """

    init(_ row: PostgresRow) throws {
        (id, worker, kind, workspaceID, userID, projectID, assetID, runID, stepID) = try row.decode(
            (UUID, String, String, UUID, UUID, UUID?, UUID?, UUID?, String?).self)
        (attempt, status, progress, etaMs, output, errorCode, errorMessage, retriable) = try row.decode(
            (Int, String, Int, Int64?, JSONValue?, String?, String?, Bool).self, from: 9)
        (createdAt, changedAt, endedAt) = try row.decode((Date, Date, Date?).self, from: 17)
    }

    /// Whether nothing more happens by itself.
    var isFinal: Bool { status == "succeeded" || status == "failed" || status == "cancelled" }
}
