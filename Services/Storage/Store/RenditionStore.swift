import Events
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives

/// Renditions in Postgres; every query names the workspace.
struct RenditionStore: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox
    let usage: UsageStore

    func find(_ assetID: UUID, _ name: String, workspaceID: UUID) async throws -> Rendition? {
        try await postgres.query(
            """
            SELECT \(Self.columns) FROM rendition
            WHERE asset_id = \(assetID) AND name = \(name) AND workspace_id = \(workspaceID)
            """
        ).first.map(Self.rendition)
    }

    /// - Throws: ``Problem`` 404 where there is none, or it is another's.
    func get(_ assetID: UUID, _ name: String, workspaceID: UUID) async throws -> Rendition {
        guard let found = try await find(assetID, name, workspaceID: workspaceID) else {
            throw Problem.notFound("rendition")
        }
        return found
    }

    /// The renditions of an asset in the order of their names, after `after`.
    func list(_ assetID: UUID, workspaceID: UUID, after: String, limit: Int) async throws -> [Rendition] {
        try await postgres.query(
            """
            SELECT \(Self.columns) FROM rendition
            WHERE asset_id = \(assetID) AND workspace_id = \(workspaceID) AND name > \(after) ORDER BY name LIMIT \(limit)
            """
        ).map(Self.rendition)
    }

    /// Adds a rendition, or puts it in the place of the one of this name, and tells of it.
    /// - Throws: ``Problem``: 404 where the asset is gone, and where the workspace has no room.
    func put(_ rendition: Rendition, in tx: PostgresTransaction) async throws {
        let asset = try await tx.query(
            "SELECT 1 FROM asset WHERE id = \(rendition.assetID) AND workspace_id = \(rendition.workspaceID) FOR SHARE")
        guard !asset.isEmpty else { throw Problem.notFound("asset") }
        let old = try await tx.query(
            """
            DELETE FROM rendition WHERE asset_id = \(rendition.assetID) AND name = \(rendition.name)
            RETURNING storage_key, size
            """)
        var freed: Int64 = 0
        if let (key, size) = try old.first?.decode((String, Int64).self) {
            freed = size
            try await tx.execute("INSERT INTO garbage (storage_key) VALUES (\(key)) ON CONFLICT DO NOTHING")
        }
        try await usage.add(
            bytes: rendition.size - freed, objects: old.isEmpty ? 1 : 0, workspaceID: rendition.workspaceID, in: tx)
        try await tx.execute(
            """
            INSERT INTO rendition (asset_id, name, workspace_id, content_type, size, sha256, width, height, duration_ms,
                storage_key, created_at)
            VALUES (\(rendition.assetID), \(rendition.name), \(rendition.workspaceID), \(rendition.contentType),
                \(rendition.size), \(rendition.sha256), \(rendition.width), \(rendition.height),
                \(rendition.durationMs), \(rendition.storageKey), \(rendition.createdAt))
            """)
        try await outbox.append(
            RenditionCreated(
                assetID: rendition.assetID, workspaceID: rendition.workspaceID, name: rendition.name,
                contentType: rendition.contentType, size: rendition.size, width: rendition.width,
                height: rendition.height, durationMs: rendition.durationMs), in: tx)
    }

    private static let columns = PostgresQuery(
        unescaped: """
            asset_id, workspace_id, name, content_type, size, sha256, width, height, duration_ms, storage_key, created_at
            """)

    private static func rendition(_ row: PostgresRow) throws -> Rendition {
        let (asset, workspace, name, type, size, hash) = try row.decode((UUID, UUID, String, String, Int64, Data).self)
        let (width, height, duration, key, created) = try row.decode((Int?, Int?, Int64?, String, Date).self, from: 6)
        return Rendition(
            assetID: asset, workspaceID: workspace, name: name, contentType: type, size: size, sha256: hash,
            width: width, height: height, durationMs: duration, storageKey: key, createdAt: created)
    }
}
