import FoundationEssentials
import Outbox
import Postgres

/// What runs and publications do to a project's status.
extension ProjectStore {
    /// Sets the status that a workflow leads to, where the project allows it.
    func setStatus(_ id: UUID, _ status: String, in tx: PostgresTransaction) async throws {
        guard let status = ProjectStatus(rawValue: status) else { return }
        let from = ProjectStatus.allCases.filter { $0 != status && $0.canBecome(status, by: .workflow) }
        let rows = try await tx.query(
            """
            UPDATE project SET status = \(status), updated_at = now(),
                rest_status = coalesce(\(status.rest)::text, rest_status)
            WHERE id = \(id) AND status = ANY(\(from)) RETURNING \(Project.columns)
            """)
        try await tell(rows, in: tx)
    }

    /// A run is over: takes the project back to where it rested, unless another run leads it still.
    /// - Parameter statuses: from which; a project with any other status stays as it is.
    func rest(_ id: UUID, after run: UUID, from statuses: [ProjectStatus], in tx: PostgresTransaction) async throws {
        // Two runs that end at the same time would each take the other for one that goes on.
        _ = try await tx.query("SELECT 1 FROM project WHERE id = \(id) FOR UPDATE")
        let rows = try await tx.query(
            """
            UPDATE project SET status = rest_status, updated_at = now()
            WHERE id = \(id) AND status = ANY(\(statuses)) AND NOT EXISTS (
                SELECT 1 FROM run JOIN workflow_definition ON workflow_definition.id = definition_id
                WHERE run.workspace_id = project.workspace_id AND run.project_id = project.id AND run.id <> \(run)
                    AND run.status IN ('pending', 'running')
                    AND jsonb_path_exists(document, '$.steps[*].projectStatus'))
            RETURNING \(Project.columns)
            """)
        try await tell(rows, in: tx)
    }

    /// Something of the project is out: it is published, now or when its runs are over.
    func published(_ id: UUID, workspace: UUID, in tx: PostgresTransaction) async throws {
        let before = [ProjectStatus.draft, .failed]
        let rows = try await tx.query(
            """
            UPDATE project SET rest_status = 'published', updated_at = now(),
                status = CASE WHEN status = ANY(\(before)) THEN 'published' ELSE status END
            WHERE id = \(id) AND workspace_id = \(workspace) AND (rest_status <> 'published' OR status = ANY(\(before)))
            RETURNING \(Project.columns)
            """)
        try await tell(rows, in: tx)
    }

    private func tell(_ rows: [PostgresRow], in tx: PostgresTransaction) async throws {
        if let project = try rows.first.map(Project.init) { try await tell(project, "updated", in: tx) }
    }
}
