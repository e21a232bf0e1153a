import FoundationEssentials
import Postgres
import Primitives

/// Events in Postgres.
enum EventStore {
    /// Adds an event and what it changes in the sums; false where it is there already.
    @discardableResult
    static func add(_ one: Measurement, in tx: PostgresTransaction) async throws -> Bool {
        try await tx.execute(
            """
            WITH added AS (
                INSERT INTO event (id, at, workspace_id, project_id, user_id, type, data)
                VALUES (\(one.id), \(one.at), \(one.workspaceID), \(one.projectID), \(one.userID), \(one.type),
                    \(one.data))
                ON CONFLICT (id, at) DO NOTHING RETURNING workspace_id, project_id, at, type)
            INSERT INTO rollup_delta (workspace_id, project_id, hour, type)
            SELECT coalesce(workspace_id, \(zero)), coalesce(project_id, \(zero)), date_trunc('hour', at), type
            FROM added
            """) == 1
    }

    /// Adds new events to the hourly sums; how many. One process at a time.
    static func fold(limit: Int = 20_000, on postgres: PostgresClient) async throws -> Int {
        try await postgres.withTransaction { tx in
            let hasLock = try await tx.query("SELECT pg_try_advisory_xact_lock(hashtext('analytics fold'))")[0]
            guard try hasLock.decode(Bool.self) else { return 0 }
            let rows = try await tx.query(
                """
                WITH taken AS (
                    DELETE FROM rollup_delta WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollup_delta LIMIT \(limit)))
                    RETURNING workspace_id, project_id, hour, type),
                folded AS (
                    INSERT INTO rollup_hour AS known (workspace_id, project_id, hour, type, count)
                    SELECT workspace_id, project_id, hour, type, count(*) FROM taken GROUP BY 1, 2, 3, 4
                    ON CONFLICT (workspace_id, hour, project_id, type)
                        DO UPDATE SET count = known.count + excluded.count)
                SELECT count(*) FROM taken
                """)
            return try rows[0].decode(Int.self)
        }
    }

    /// The zero id: no project, or no workspace.
    static let zero = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
