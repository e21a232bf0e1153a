import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives

/// A post whose figures are due.
struct DuePost: Sendable {
    let ledgerID: UUID
    let publicationID: UUID
    let workspaceID: UUID
    let projectID: UUID?
    let accountID: UUID
    let platform: String
    let postID: String
    let known: PostFigures?
}

extension PublicationTable {
    /// Takes posts whose figures are due, and plans their next look: soon for young posts, six hours at most, until they
    /// are ninety days old.
    func claimPosts(_ limit: Int, minimum: Duration) async throws -> [DuePost] {
        try await postgres.query(
            """
            UPDATE ledger SET metrics_at = CASE WHEN confirmed_at < now() - interval '90 days' THEN NULL
                ELSE now() + greatest(make_interval(secs => \(minimum.seconds)),
                    least((now() - confirmed_at) / 10, interval '6 hours')) END
            FROM publication
            WHERE publication.id = ledger.publication_id AND ledger.id IN (
                SELECT id FROM ledger WHERE metrics_at <= now() AND post_id IS NOT NULL ORDER BY metrics_at
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            RETURNING ledger.id, ledger.publication_id, ledger.workspace_id, publication.project_id, ledger.account_id,
                ledger.platform, ledger.post_id, ledger.metrics
            """
        ).map { row in
            let (id, publication, workspace, project, account, platform, post, known) = try row.decode(
                (UUID, UUID, UUID, UUID?, UUID, String, String, PostgresJSON<PostFigures>?).self)
            return DuePost(
                ledgerID: id, publicationID: publication, workspaceID: workspace, projectID: project,
                accountID: account, platform: platform, postID: post, known: known?.value)
        }
    }

    /// Keeps new figures and tells of them.
    func keep(_ figures: PostFigures, of post: DuePost) async throws {
        try await postgres.withTransaction { tx in
            try await tx.execute(
                "UPDATE ledger SET metrics = \(PostgresJSON(figures)) WHERE id = \(post.ledgerID)")
            try await outbox.append(
                PostMetrics(
                    publicationID: post.publicationID, accountID: post.accountID, workspaceID: post.workspaceID,
                    projectID: post.projectID, platform: post.platform, postID: post.postID, views: figures.views,
                    likes: figures.likes, comments: figures.comments, shares: figures.shares,
                    readAtMs: Date().milliseconds), in: tx)
        }
    }

    /// The post is gone: nothing is counted any more.
    func forgetFigures(of post: DuePost) async throws {
        try await postgres.execute("UPDATE ledger SET metrics_at = NULL WHERE id = \(post.ledgerID)")
    }
}
