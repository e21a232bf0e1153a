import Events
import FoundationEssentials
import Postgres
import Primitives

/// The SQL of the copy of all work.
struct WorkStore: Sendable {
    /// The statement that takes in what a worker told; what is older than what is known changes nothing.
    func taking(_ change: WorkChanged, at time: Date) -> PostgresQuery {
        let output = change.outputJSON.isEmpty ? nil : try? JSON.decode(JSONValue.self, from: change.outputJSON)
        let isFinal = change.status == "succeeded" || change.status == "failed" || change.status == "cancelled"
        let ended: Date? = isFinal ? time : nil
        return """
            INSERT INTO work AS known (\(Work.columns))
            VALUES (\(change.workID), \(change.worker.rawValue), \(change.kind), \(change.workspaceID),
                \(change.userID), \(change.projectID), \(change.assetID), \(change.runID), \(change.stepID),
                \(change.attempt), \(change.status), \(change.progress), \(change.etaMs), \(output),
                \(change.errorCode), \(change.errorMessage), \(change.retriable), \(time), \(time), \(ended))
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, progress = excluded.progress,
                asset_id = coalesce(excluded.asset_id, known.asset_id), eta_ms = excluded.eta_ms,
                output = excluded.output, error_code = excluded.error_code, error_message = excluded.error_message,
                retriable = excluded.retriable, changed_at = excluded.changed_at, ended_at = excluded.ended_at
            WHERE excluded.changed_at >= known.changed_at AND excluded.workspace_id = known.workspace_id
            """
    }

    /// The work of a workspace.
    func find(_ id: UUID, workspace: UUID, on client: PostgresClient) async throws -> Work? {
        try await client.query(
            "SELECT \(Work.columns) FROM work WHERE id = \(id) AND workspace_id = \(workspace)"
        ).first.map(Work.init)
    }

    /// The same, within a transaction.
    func find(_ id: UUID, workspace: UUID, in tx: PostgresTransaction) async throws -> Work? {
        try await tx.query(
            "SELECT \(Work.columns) FROM work WHERE id = \(id) AND workspace_id = \(workspace) FOR UPDATE"
        ).first.map(Work.init)
    }

    /// What a list is narrowed to.
    struct Filter: Sendable {
        var project: UUID?
        var run: UUID?
        var status: String?
    }

    /// The work of a workspace, newest first, from behind `cursor`.
    func list(
        workspace: UUID, _ filter: Filter, after cursor: WorkCursor?, limit: Int, on client: PostgresClient
    ) async throws -> [Work] {
        var query: PostgresQuery = "SELECT \(Work.columns) FROM work WHERE workspace_id = \(workspace)"
        if let project = filter.project { query.append(" AND project_id = \(project)") }
        if let run = filter.run { query.append(" AND run_id = \(run)") }
        if let status = filter.status { query.append(" AND status = \(status)") }
        if let cursor { query.append(" AND (created_at, id) < (\(cursor.createdAt), \(cursor.id))") }
        return try await client.query(query + " ORDER BY created_at DESC, id DESC LIMIT \(limit)").map(Work.init)
    }
}

/// Where a page of the list of work ended.
struct WorkCursor: Sendable {
    let createdAt: Date
    let id: UUID

    init(_ work: Work) {
        createdAt = work.createdAt
        id = work.id
    }

    /// Reads ``text``; `nil` for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let micros = Int64(parts[0]), abs(micros) < 1 << 53,
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        createdAt = Date(timeIntervalSince1970: Double(micros) / 1e6)
        self.id = id
    }

    /// The cursor as the API gives it out.
    var text: String { "\(Int64((createdAt.timeIntervalSince1970 * 1e6).rounded()))_\(id.text)" }
}
