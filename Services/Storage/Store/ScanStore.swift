import FoundationEssentials
import Postgres
import Primitives

/// What the rows say of the objects, for an operator who holds them against each other.
struct ScanStore: Sendable {
    let postgres: PostgresClient

    /// A row that names an object.
    struct Entry: Sendable {
        let key: String
        let size: Int64
        let sha256: Data
    }

    /// Rows of assets and renditions in the order of their keys, after `key`.
    func entries(after key: String, limit: Int) async throws -> [Entry] {
        try await entries("storage_key > \(key) COLLATE \"C\"", limit)
    }

    /// The rows that name some keys.
    func entries(among keys: [String]) async throws -> [String: Entry] {
        let found = try await entries("storage_key = ANY(\(keys)::text[])", keys.count)
        return Dictionary(found.map { ($0.key, $0) }) { $1 }
    }

    private func entries(_ condition: PostgresQuery, _ limit: Int) async throws -> [Entry] {
        try await postgres.query(
            """
            SELECT storage_key, size, sha256 FROM (
                SELECT storage_key, size, sha256 FROM asset WHERE \(condition)
                UNION ALL SELECT storage_key, size, sha256 FROM rendition WHERE \(condition)) named
            ORDER BY storage_key COLLATE "C" LIMIT \(limit)
            """
        ).map { row in
            let (key, size, sha256) = try row.decode((String, Int64, Data).self)
            return Entry(key: key, size: size, sha256: sha256)
        }
    }

    /// Which of some keys wait to be deleted, or are what an upload has so far.
    func garbage(among keys: [String]) async throws -> Set<String> {
        let rows = try await postgres.query(
            """
            SELECT storage_key FROM garbage WHERE storage_key = ANY(\(keys)::text[])
            UNION SELECT tail_key FROM upload WHERE state = 'open' AND tail_key = ANY(\(keys)::text[])
            """)
        return Set(try rows.map { try $0.decode(String.self) })
    }

    /// Keys that wait to be deleted although a row names them.
    func namedGarbage() async throws -> [String] {
        try await postgres.query(
            """
            SELECT storage_key FROM garbage g WHERE EXISTS (SELECT 1 FROM asset a WHERE a.storage_key = g.storage_key)
                OR EXISTS (SELECT 1 FROM rendition r WHERE r.storage_key = g.storage_key)
            """
        ).map { try $0.decode(String.self) }
    }

    /// Uploads under way, and those of them whose time is over.
    func uploads() async throws -> (open: Int, expired: Int) {
        try await postgres.query(
            "SELECT count(*), count(*) FILTER (WHERE expires_at < now()) FROM upload WHERE state = 'open'")[0]
            .decode((Int, Int).self)
    }

    /// Workspaces whose counted bytes or objects are not the sum of their rows.
    func miscounted() async throws -> [UUID] {
        try await postgres.query(
            """
            SELECT coalesce(u.workspace_id, s.workspace_id) FROM usage u FULL JOIN (\(Self.sums)) s USING (workspace_id)
            WHERE coalesce(u.bytes, 0) <> coalesce(s.bytes, 0) OR coalesce(u.objects, 0) <> coalesce(s.objects, 0)
            ORDER BY 1
            """
        ).map { try $0.decode(UUID.self) }
    }

    /// Counts a workspace anew. Who adds or takes away has the row of the count before: what is not committed yet is
    /// added or taken away after us.
    func recount(_ workspace: UUID) async throws {
        try await postgres.withTransaction { tx in
            try await tx.execute(
                "INSERT INTO usage (workspace_id, bytes, objects) VALUES (\(workspace), 0, 0) ON CONFLICT DO NOTHING")
            _ = try await tx.query("SELECT 1 FROM usage WHERE workspace_id = \(workspace) FOR UPDATE")
            try await tx.execute(
                """
                UPDATE usage u SET bytes = coalesce(s.bytes, 0), objects = coalesce(s.objects, 0)
                FROM (SELECT 1) one LEFT JOIN (\(Self.sums)) s ON s.workspace_id = \(workspace)
                WHERE u.workspace_id = \(workspace)
                """)
        }
    }

    private static let sums: PostgresQuery = """
        SELECT workspace_id, sum(size)::bigint AS bytes, count(*) AS objects FROM (
            SELECT workspace_id, size FROM asset UNION ALL SELECT workspace_id, size FROM rendition) of_each
        GROUP BY workspace_id
        """
}
