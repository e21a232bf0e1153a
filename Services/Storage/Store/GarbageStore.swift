import FoundationEssentials
import Postgres
import Primitives

/// Objects that no row names any more, and rows that nobody came back to.
struct GarbageStore: Sendable {
    let postgres: PostgresClient

    /// Lets an object be deleted, unless a row names it by now, or an upload that is not over will.
    /// - Returns: whether it was added.
    @discardableResult
    func add(_ key: String) async throws -> Bool {
        try await postgres.execute(
            """
            INSERT INTO garbage (storage_key) SELECT \(key)
            WHERE NOT EXISTS (SELECT 1 FROM asset WHERE storage_key = \(key))
                AND NOT EXISTS (SELECT 1 FROM rendition WHERE storage_key = \(key))
                AND NOT EXISTS (SELECT 1 FROM upload WHERE asset_id = \(ObjectKey(key)?.id) AND state = 'open')
                AND NOT EXISTS (SELECT 1 FROM upload WHERE tail_key = \(key) AND state = 'open')
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Lets an object be deleted with the change that takes its last name away.
    static func add(_ key: String, in tx: PostgresTransaction) async throws {
        try await tx.execute("INSERT INTO garbage (storage_key) VALUES (\(key)) ON CONFLICT DO NOTHING")
    }

    /// Objects to be deleted, the oldest first; never one that a row names.
    func batch(limit: Int) async throws -> [String] {
        try await postgres.query(
            """
            SELECT storage_key FROM garbage g
            WHERE NOT EXISTS (SELECT 1 FROM asset a WHERE a.storage_key = g.storage_key)
                AND NOT EXISTS (SELECT 1 FROM rendition r WHERE r.storage_key = g.storage_key)
            ORDER BY created_at LIMIT \(limit)
            """
        ).map { try $0.decode(String.self) }
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
