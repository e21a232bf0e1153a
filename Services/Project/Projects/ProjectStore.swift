import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives

/// The SQL of projects; each change tells the others in its transaction.
struct ProjectStore: Sendable {
    let outbox: Outbox

    /// Makes a project.
    func insert(
        title: String, draft: ProjectDraft, workspace: UUID, owner: UUID, in tx: PostgresTransaction
    ) async throws -> Project {
        let id = UUID.v7()
        let type = draft.type ?? "video"
        let rows = try await tx.query(
            """
            WITH made AS (
                INSERT INTO project (id, workspace_id, owner_id, title, description, type)
                VALUES (\(id), \(workspace), \(owner), \(title), \(draft.description ?? ""), \(type)) RETURNING *
            ), kept AS (
                INSERT INTO project_version (project_id, version, author_id, title, description, type, status)
                SELECT id, version, owner_id, title, description, type, status FROM made
            )
            SELECT \(Project.columns) FROM made
            """)
        let project = try Project(rows[0])
        try await tell(project, "created", in: tx)
        return project
    }

    /// A project of a workspace.
    func find(_ id: UUID, workspace: UUID, on client: PostgresClient) async throws -> Project? {
        try await client.query(
            "SELECT \(Project.columns) FROM project WHERE id = \(id) AND workspace_id = \(workspace)"
        ).first.map(Project.init)
    }

    /// The same, locked until the transaction ends.
    func lock(_ id: UUID, workspace: UUID, in tx: PostgresTransaction) async throws -> Project? {
        try await tx.query(
            "SELECT \(Project.columns) FROM project WHERE id = \(id) AND workspace_id = \(workspace) FOR UPDATE"
        ).first.map(Project.init)
    }

    /// The projects of a workspace, newest first, before `cursor`.
    func list(
        workspace: UUID, status: ProjectStatus?, text: String?, before cursor: UUID?, limit: Int,
        on client: PostgresClient
    ) async throws -> [Project] {
        var query: PostgresQuery = "SELECT \(Project.columns) FROM project WHERE workspace_id = \(workspace)"
        if let status { query.append(" AND status = \(status)") }
        if let text { query.append(" AND strpos(lower(title || ' ' || description), lower(\(text))) > 0") }
        if let cursor { query.append(" AND id < \(cursor)") }
        return try await client.query(query + " ORDER BY id DESC LIMIT \(limit)").map(Project.init)
    }

    /// Stores what a person changed, as a new version.
    func update(_ project: Project, author: UUID, in tx: PostgresTransaction) async throws -> Project {
        let rows = try await tx.query(
            """
            WITH changed AS (
                UPDATE project SET title = \(project.title), description = \(project.description),
                    type = \(project.type), status = \(project.status), version = version + 1, updated_at = now(),
                    rest_status = coalesce(\(project.status.rest)::text, rest_status)
                WHERE id = \(project.id) RETURNING *
            ), kept AS (
                INSERT INTO project_version (project_id, version, author_id, title, description, type, status)
                SELECT id, version, \(author)::uuid, title, description, type, status FROM changed
            )
            SELECT \(Project.columns) FROM changed
            """)
        let changed = try Project(rows[0])
        try await tell(changed, "updated", in: tx)
        return changed
    }

    /// Deletes a project with its history and the copies of its work.
    func delete(_ project: Project, in tx: PostgresTransaction) async throws {
        _ = try await tx.batch([
            "DELETE FROM work WHERE workspace_id = \(project.workspaceID) AND project_id = \(project.id)",
            "DELETE FROM run WHERE workspace_id = \(project.workspaceID) AND project_id = \(project.id)",
            "DELETE FROM project WHERE id = \(project.id)",
        ])
        try await tell(project, "deleted", in: tx)
    }

    /// The versions of a project, newest first.
    func versions(of id: UUID, before: Int?, limit: Int, on client: PostgresClient) async throws -> [ProjectVersion] {
        try await client.query(
            """
            SELECT version, author_id, title, description, type, status, created_at FROM project_version
            WHERE project_id = \(id) AND (\(before)::int IS NULL OR version < \(before)) ORDER BY version DESC
            LIMIT \(limit)
            """
        ).map(ProjectVersion.init)
    }

    /// Tells the others of a change.
    func tell(_ project: Project, _ change: String, in tx: PostgresTransaction) async throws {
        try await outbox.append(
            ProjectChanged(
                projectID: project.id, workspaceID: project.workspaceID, ownerID: project.ownerID,
                title: project.title, status: project.status.rawValue, change: change), in: tx)
    }
}
