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

    /// Where the stream stands.
    struct Bounds: Sendable {
        /// The newest number of the workspace; 0 where there is none.
        let newest: Int64
        /// The oldest number that is still kept of any workspace; the next one where none is.
        let oldest: Int64
        /// The last number that was given out.
        let last: Int64

        /// Whether a listener that saw this number last has missed nothing that is gone.
        func canReadOn(after seq: Int64) -> Bool { seq == 0 || (seq >= oldest - 1 && seq <= last) }
    }

    static func bounds(_ workspace: UUID, on postgres: PostgresClient) async throws -> Bounds {
        let rows = try await postgres.query(
            """
            SELECT coalesce((SELECT max(seq) FROM live_event WHERE workspace_id = \(workspace)), 0),
                coalesce((SELECT min(seq) FROM live_event), given.last + 1), given.last
            FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM live_event_seq_seq) given
            """)
        let (newest, oldest, last) = try rows[0].decode((Int64, Int64, Int64).self)
        return Bounds(newest: newest, oldest: oldest, last: last)
    }

    /// Forgets events that are older than the retention.
    static func forgetOld(_ retention: Duration, on postgres: PostgresClient) async throws {
        try await postgres.execute(
            "DELETE FROM live_event WHERE created_at < now() - make_interval(secs => \(retention.seconds))")
    }
}
