import Auth
import FoundationEssentials
import Postgres
import Primitives

/// A notification as the API shows it.
struct NotificationView: Sendable, Encodable {
    let id: String
    let kind: String
    let title: String
    let body: String
    let data: JSONValue
    let createdAt: Date
    let readAt: Date?
}

/// Notifications in Postgres.
enum NotificationStore {
    /// Adds a notification; `nil` where this fact was told before.
    static func insert(_ notice: Notice, data: JSONValue, isRead: Bool, in tx: PostgresTransaction) async throws
        -> UUID?
    {
        try await tx.query(
            """
            INSERT INTO notification (id, workspace_id, user_id, fact, kind, title, body, data, read_at)
            VALUES (\(UUID.v7()), \(notice.workspaceID), \(notice.userID), \(notice.fact), \(notice.kind),
                \(notice.title), \(notice.body), \(data), CASE WHEN \(isRead) THEN now() END)
            ON CONFLICT (user_id, fact) DO NOTHING RETURNING id
            """
        ).first?.decode(UUID.self)
    }

    static func page(
        _ principal: Principal, unread: Bool, after cursor: UUID?, limit: Int, on postgres: PostgresClient
    ) async throws -> [NotificationView] {
        let older: PostgresQuery = cursor.map { "AND id < \($0)" } ?? ""
        let new: PostgresQuery = unread ? "AND read_at IS NULL" : ""
        return try await postgres.query(
            """
            SELECT id, kind, title, body, data, created_at, read_at FROM notification
            WHERE user_id = \(principal.userID) AND workspace_id = \(principal.workspaceID) \(older) \(new)
            ORDER BY id DESC LIMIT \(limit + 1)
            """
        ).map { row in
            let (id, kind, title, body, data, created, read) = try row.decode(
                (UUID, String, String, String, JSONValue, Date, Date?).self)
            return NotificationView(
                id: id.text, kind: kind, title: title, body: body, data: data, createdAt: created, readAt: read)
        }
    }

    /// Marks one as read; false where there is no such notification of this person.
    static func markRead(_ id: UUID, _ principal: Principal, on postgres: PostgresClient) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE notification SET read_at = coalesce(read_at, now())
            WHERE id = \(id) AND user_id = \(principal.userID) AND workspace_id = \(principal.workspaceID)
            """) == 1
    }

    static func markAllRead(_ principal: Principal, on postgres: PostgresClient) async throws {
        try await postgres.execute(
            """
            UPDATE notification SET read_at = now() WHERE user_id = \(principal.userID)
                AND workspace_id = \(principal.workspaceID) AND read_at IS NULL
            """)
    }
}
