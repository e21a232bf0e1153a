import Postgres

/// Objects that no row names any more, and rows that nobody came back to.
struct GarbageStore: Sendable {
    let postgres: PostgresClient

    func add(_ key: String) async throws {
        try await postgres.execute("INSERT INTO garbage (storage_key) VALUES (\(key)) ON CONFLICT DO NOTHING")
    }

    func batch(limit: Int) async throws -> [String] {
        try await postgres.query("SELECT storage_key FROM garbage ORDER BY created_at LIMIT \(limit)")
            .map { try $0.decode(String.self) }
    }

    func remove(_ key: String) async throws {
        try await postgres.execute("DELETE FROM garbage WHERE storage_key = \(key)")
    }

    /// Which of some keys an asset or a rendition has.
    func named(among keys: [String]) async throws -> Set<String> {
        let rows = try await postgres.query(
            """
            SELECT storage_key FROM asset WHERE storage_key = ANY(\(keys)::text[])
            UNION ALL SELECT storage_key FROM rendition WHERE storage_key = ANY(\(keys)::text[])
            """)
        return Set(try rows.map { try $0.decode(String.self) })
    }

    /// Forgets what services said that they would put here, and did not.
    func purgeIntents() async throws {
        try await postgres.execute("DELETE FROM intent WHERE created_at < now() - interval '1 day'")
    }
}
