import FoundationEssentials
import Postgres
import Primitives

/// The stream of live events in Postgres.
enum LiveEventStore {
    /// The channel of NOTIFY; its payload is the workspace.
    static let channel = "live"

    /// Appends an event. Numbers become visible in their order, by one lock until the commit: whoever has read up to one
    /// has missed none before it. An event that is there already is not added again.
    static func append(
        _ id: UUID, workspace: UUID, user: UUID? = nil, type: String, data: String, in tx: PostgresTransaction
    ) async throws {
        _ = try await tx.batch([
            "SELECT pg_advisory_xact_lock(hashtext('live_event'))",
            """
            INSERT INTO live_event (workspace_id, user_id, event_id, type, data)
            VALUES (\(workspace), \(user), \(id), \(type), \(data)) ON CONFLICT (event_id) DO NOTHING
            """,
            "SELECT pg_notify(\(channel), \(workspace.text))",
        ])
    }

    static func page(_ workspace: UUID, after seq: Int64, limit: Int, on postgres: PostgresClient) async throws
        -> [LiveEvent]
    {
        try await postgres.query(
            """
            SELECT seq, user_id, type, data FROM live_event
            WHERE workspace_id = \(workspace) AND seq > \(seq) ORDER BY seq LIMIT \(limit)
            """
        ).map { row in
            let (seq, user, type, data) = try row.decode((Int64, UUID?, String, String).self)
            return LiveEvent(seq: seq, userID: user, type: type, data: data)
        }
    }

    /// The newest number of a workspace, and the oldest that is still kept of all; 0 where there is none.
    static func bounds(_ workspace: UUID, on postgres: PostgresClient) async throws -> (newest: Int64, oldest: Int64) {
        let rows = try await postgres.query(
            """
            SELECT coalesce((SELECT max(seq) FROM live_event WHERE workspace_id = \(workspace)), 0),
                coalesce((SELECT min(seq) FROM live_event), 0)
            """)
        return try rows.first?.decode((Int64, Int64).self) ?? (0, 0)
    }

    /// Forgets events that are older than the retention.
    static func forgetOld(_ retention: Duration, on postgres: PostgresClient) async throws {
        try await postgres.execute(
            "DELETE FROM live_event WHERE created_at < now() - make_interval(secs => \(retention.seconds))")
    }
}
