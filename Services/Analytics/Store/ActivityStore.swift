import Events
import FoundationEssentials
import Postgres
import Primitives

/// How long runs and jobs take, and how posts do.
enum ActivityStore {
    private static let ended: Set<String> = ["succeeded", "failed", "cancelled"]

    static func note(_ run: RunChanged, at time: Date, in tx: PostgresTransaction) async throws {
        try await note(
            run.runID, kind: "run", name: run.workflowID, workspace: run.workspaceID, project: run.projectID,
            status: run.status, at: time, in: tx)
    }

    static func note(_ work: WorkChanged, at time: Date, in tx: PostgresTransaction) async throws {
        try await note(
            work.workID, kind: "job", name: work.kind, workspace: work.workspaceID, project: work.projectID,
            status: work.status, at: time, in: tx)
    }

    /// Takes figures over where they are newer.
    static func note(_ post: PostMetrics, in tx: PostgresTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO post AS known (publication_id, account_id, post_id, platform, workspace_id, project_id, views,
                likes, comments, shares, read_at)
            VALUES (\(post.publicationID), \(post.accountID), \(post.postID), \(post.platform), \(post.workspaceID),
                \(post.projectID), \(post.views), \(post.likes), \(post.comments), \(post.shares),
                \(Date(milliseconds: post.readAtMs)))
            ON CONFLICT (publication_id, account_id, post_id) DO UPDATE SET views = excluded.views,
                likes = excluded.likes, comments = excluded.comments, shares = excluded.shares,
                read_at = excluded.read_at
            WHERE known.read_at < excluded.read_at
            """)
    }

    private static func note(
        _ id: UUID, kind: String, name: String, workspace: UUID, project: UUID?, status: String, at time: Date,
        in tx: PostgresTransaction
    ) async throws {
        let end: Date? = ended.contains(status) ? time : nil
        // A retry after the end opens it again; an event that comes late does not.
        try await tx.execute(
            """
            INSERT INTO activity AS known (id, kind, name, workspace_id, project_id, status, started_at, ended_at)
            VALUES (\(id), \(kind), \(name), \(workspace), \(project), \(status), \(time), \(end))
            ON CONFLICT (id) DO UPDATE SET started_at = least(known.started_at, excluded.started_at),
                status = CASE WHEN known.ended_at > \(time) THEN known.status ELSE excluded.status END,
                ended_at = CASE WHEN known.ended_at > \(time) THEN known.ended_at ELSE excluded.ended_at END
            """)
    }
}
