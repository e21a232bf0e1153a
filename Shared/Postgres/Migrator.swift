internal import FoundationEssentials
internal import Primitives

/// Applies migrations under an advisory lock, so that several processes may start at once.
///
/// The table `schema_migration` in the module's schema keeps what was applied, with a checksum: a step that was changed
/// afterwards is refused. Steps that this program does not know are left alone, so that an older program still runs.
public enum Migrator {
    /// Applies what is missing, each step in a transaction with its record.
    /// - Parameters:
    ///   - module: whose steps these are; several modules may share a schema.
    ///   - limit: how long one step may take.
    /// - Returns: the steps that were applied now.
    /// - Throws: ``PostgresError``; `migration_changed` where an applied step differs.
    @discardableResult
    public static func apply(
        _ migrations: [Migration], module: String, on client: PostgresClient, limit: Duration = .seconds(600)
    ) async throws -> [Migration] {
        try await client.withMaintenanceConnection { connection in
            let key = lockKey(client.pool.configuration.schema ?? "")
            try await lock(key, connection, limit: limit)
            if let schema = client.pool.configuration.schema {
                let name = PostgresQuery.quoted(identifier: schema)
                // Asked for first: a role that owns its schema may not make another, not even one that is there.
                try await run(
                    """
                    DO $$ BEGIN IF to_regnamespace('\(name)') IS NULL THEN
                        CREATE SCHEMA \(name); END IF; END $$
                    """, connection, script: true)
            }
            try await run(
                """
                CREATE TABLE IF NOT EXISTS schema_migration (
                    module text NOT NULL, id text NOT NULL, checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (module, id))
                """, connection)
            let missing = try await missing(migrations, module, connection)
            for migration in missing {
                let record: PostgresQuery = """
                    INSERT INTO schema_migration (module, id, checksum)
                    VALUES (\(module), \(migration.id), \(migration.checksum))
                    """
                try await run("BEGIN; SET LOCAL statement_timeout = \(limit.milliseconds);", connection, script: true)
                do {
                    _ = try await connection.run([Statement(control: migration.sql)], mode: .script, limit: limit)
                    _ = try await connection.run([Statement(record), Statement(control: "COMMIT")], limit: limit)
                } catch {
                    try? await run("ROLLBACK", connection)
                    throw error
                }
            }
            return missing
        }
    }

    /// The steps that were not applied yet.
    /// - Throws: ``PostgresError``; `migration_changed` where an applied step differs.
    public static func pending(
        _ migrations: [Migration], module: String, on client: PostgresClient
    ) async throws -> [Migration] {
        do {
            return try await client.withMaintenanceConnection { try await missing(migrations, module, $0) }
        } catch let error as PostgresError where error.sqlState == "42P01" {
            return migrations
        }
    }

    private static func missing(
        _ migrations: [Migration], _ module: String, _ connection: Connection
    ) async throws -> [Migration] {
        let query: PostgresQuery = "SELECT id, checksum FROM schema_migration WHERE module = \(module)"
        let results = try await connection.run([Statement(query)], limit: .seconds(30))
        var applied: [String: String] = [:]
        for row in results.flatMap(PostgresRow.all) {
            let (id, checksum) = try row.decode((String, String).self)
            applied[id] = checksum
        }
        for migration in migrations {
            if let known = applied[migration.id], known != migration.checksum {
                throw PostgresError(.migrationChanged, "\(module) \(migration.id) was changed after it was applied")
            }
        }
        return migrations.filter { applied[$0.id] == nil }
    }

    /// Takes the session's advisory lock; it is released with the connection.
    private static func lock(_ key: Int64, _ connection: Connection, limit: Duration) async throws {
        try await run("SET statement_timeout = \(limit.milliseconds)", connection)
        let query: PostgresQuery = "SELECT pg_advisory_lock(\(key))"
        _ = try await connection.run([Statement(query)], limit: limit + .seconds(5))
    }

    private static func run(_ sql: String, _ connection: Connection, script: Bool = false) async throws {
        _ = try await connection.run([Statement(control: sql)], mode: script ? .script : .pipeline, limit: .seconds(60))
    }

    private static func lockKey(_ schema: String) -> Int64 {
        let zero = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let name = UUID.derived(from: zero, "migrate \(schema)")
        return withUnsafeBytes(of: name.uuid) { $0.loadUnaligned(as: Int64.self) }
    }
}

extension PostgresClient {
    /// A connection of its own, closed afterwards together with its locks and settings.
    func withMaintenanceConnection<T: Sendable>(_ body: (Connection) async throws -> T) async throws -> T {
        let connection = try await pool.dedicated(onClose: { _ in }, onNotification: { _, _ in })
        defer { connection.close() }
        return try await body(connection)
    }
}
