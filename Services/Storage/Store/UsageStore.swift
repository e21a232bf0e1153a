import FoundationEssentials
import HTTP
import Postgres
import Primitives

/// How much each workspace has, and how much it may have (STO-012).
struct UsageStore: Sendable {
    let postgres: PostgresClient
    let quota: Int64

    /// Counts bytes in or out, with the change that brings them.
    /// - Throws: ``Problem`` 413 `quota_exceeded` where there is no room for more.
    func add(bytes: Int64, objects: Int64, workspaceID: UUID, in tx: PostgresTransaction) async throws {
        let rows = try await tx.query(
            """
            INSERT INTO usage AS u (workspace_id, bytes, objects) VALUES (\(workspaceID), \(bytes), \(objects))
            ON CONFLICT (workspace_id) DO UPDATE SET bytes = greatest(0, u.bytes + \(bytes)),
                objects = greatest(0, u.objects + \(objects))
            RETURNING bytes
            """)
        if bytes > 0, try rows[0].decode(Int64.self) > quota { throw exceeded }
    }

    /// Whether `bytes` more would fit, with what open uploads have announced.
    /// - Throws: ``Problem`` 413 `quota_exceeded`.
    func check(bytes: Int64, workspaceID: UUID) async throws {
        let rows = try await postgres.query(
            """
            SELECT coalesce((SELECT bytes FROM usage WHERE workspace_id = \(workspaceID)), 0)
                + coalesce((SELECT sum(length) FROM upload
                    WHERE workspace_id = \(workspaceID) AND state = 'open' AND expires_at > now()), 0)::bigint
            """)
        let (sum, overflow) = try rows[0].decode(Int64.self).addingReportingOverflow(bytes)
        if overflow || sum > quota { throw exceeded }
    }

    /// The bytes of all workspaces, for the metric `storage_usage_bytes`.
    func total() async throws -> Int64 {
        try await postgres.query("SELECT coalesce(sum(bytes), 0)::bigint FROM usage")[0].decode(Int64.self)
    }

    /// The share of its quota that the fullest workspace has used, for the metric `storage_quota_used_ratio`.
    func fullest() async throws -> Double {
        let bytes = try await postgres.query("SELECT coalesce(max(bytes), 0) FROM usage")[0].decode(Int64.self)
        return Double(bytes) / Double(max(1, quota))
    }

    private var exceeded: Problem {
        Problem(
            .contentTooLarge, code: "quota_exceeded", detail: "The workspace may have \(quota) bytes at most.",
            members: ["quotaBytes": .int(quota)])
    }
}
