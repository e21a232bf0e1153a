import Events
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives

/// Assets in Postgres; every query names the workspace.
struct AssetStore: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox
    let usage: UsageStore

    func find(_ id: UUID, workspaceID: UUID) async throws -> Asset? {
        try await postgres.query(
            "SELECT \(Self.columns) FROM asset WHERE id = \(id) AND workspace_id = \(workspaceID)"
        ).first.map(Self.asset)
    }

    /// - Throws: ``Problem`` 404 where there is none, or it is another's.
    func get(_ id: UUID, workspaceID: UUID) async throws -> Asset {
        guard let asset = try await find(id, workspaceID: workspaceID) else { throw Problem.notFound("asset") }
        return asset
    }

    /// What of a workspace is asked for.
    struct Filter: Sendable {
        var projectID: UUID?
        var kind: MediaKind?
        var after: (createdAt: Date, id: UUID)?
    }

    /// Assets, the newest first.
    func list(workspaceID: UUID, _ filter: Filter, limit: Int) async throws -> [Asset] {
        var query: PostgresQuery = "SELECT \(Self.columns) FROM asset WHERE workspace_id = \(workspaceID)"
        if let project = filter.projectID { query.append(" AND project_id = \(project)") }
        if let kind = filter.kind { query.append(" AND kind = \(kind.rawValue)") }
        if let (date, id) = filter.after { query.append(" AND (created_at, id) < (\(date), \(id))") }
        query.append(" ORDER BY created_at DESC, id DESC LIMIT \(limit)")
        return try await postgres.query(query).map(Self.asset)
    }

    /// Adds an asset and tells of it, in the caller's transaction.
    /// - Throws: ``Problem`` where the workspace has no room.
    func insert(_ asset: Asset, in tx: PostgresTransaction) async throws {
        try await usage.add(bytes: asset.size, objects: 1, workspaceID: asset.workspaceID, in: tx)
        try await tx.execute(
            """
            INSERT INTO asset (id, workspace_id, owner_id, project_id, filename, content_type, kind, origin, provider,
                prompt, size, sha256, width, height, duration_ms, metadata, storage_key, created_at, updated_at)
            VALUES (\(asset.id), \(asset.workspaceID), \(asset.ownerID), \(asset.projectID), \(asset.filename),
                \(asset.contentType), \(asset.kind.rawValue), \(asset.origin.rawValue), \(asset.provider),
                \(asset.prompt), \(asset.size), \(asset.sha256), \(asset.width), \(asset.height), \(asset.durationMs),
                \(asset.metadata), \(asset.storageKey), \(asset.createdAt), \(asset.updatedAt))
            """)
        try await outbox.append(
            AssetCreated(
                assetID: asset.id, workspaceID: asset.workspaceID, ownerID: asset.ownerID, projectID: asset.projectID,
                filename: asset.filename, contentType: asset.contentType, size: asset.size, sha256: asset.sha256.hex,
                kind: asset.kind.rawValue, origin: asset.origin.rawValue), in: tx)
    }

    /// What is learnt of an asset later; `nil` leaves a value as it is, metadata are merged.
    struct Change: Sendable {
        var width: Int?
        var height: Int?
        var durationMs: Int64?
        var metadata: JSONValue?
    }

    /// - Returns: the asset as it is then; `nil` where there is none.
    func update(_ id: UUID, workspaceID: UUID, _ change: Change) async throws -> Asset? {
        try await postgres.query(Self.updating(id, workspaceID, change)).first.map(Self.asset)
    }

    /// Keeps what the media worker read from the bytes.
    func apply(_ probed: AssetProbed, in tx: PostgresTransaction) async throws {
        let media: JSONValue = (try? JSON.decode(from: probed.metadataJSON)) ?? .null
        let change = Change(
            width: probed.width, height: probed.height, durationMs: probed.durationMs,
            metadata: media.objectValue == nil ? nil : ["media": media])
        _ = try await tx.query(Self.updating(probed.assetID, probed.workspaceID, change))
    }

    /// Takes an asset and its renditions away. Their objects become garbage.
    /// - Returns: whether there was one.
    func delete(_ id: UUID, workspaceID: UUID, in tx: PostgresTransaction) async throws -> Bool {
        let rows = try await tx.query(
            "SELECT \(Self.columns) FROM asset WHERE id = \(id) AND workspace_id = \(workspaceID) FOR UPDATE")
        guard let asset = try rows.first.map(Self.asset) else { return false }
        let gone = try await tx.query(
            """
            WITH gone AS (DELETE FROM rendition WHERE asset_id = \(id) RETURNING storage_key, size),
            kept AS (INSERT INTO garbage (storage_key)
                SELECT storage_key FROM gone UNION ALL SELECT \(asset.storageKey) ON CONFLICT DO NOTHING)
            SELECT count(*), coalesce(sum(size), 0)::bigint FROM gone
            """)
        let (count, bytes) = try gone[0].decode((Int64, Int64).self)
        try await tx.execute("DELETE FROM asset WHERE id = \(id)")
        let freed = asset.size + bytes
        try await usage.add(bytes: -freed, objects: -(count + 1), workspaceID: workspaceID, in: tx)
        try await outbox.append(
            AssetDeleted(
                assetID: id, workspaceID: workspaceID, ownerID: asset.ownerID, projectID: asset.projectID, size: freed),
            in: tx)
        return true
    }

    private static func updating(_ id: UUID, _ workspaceID: UUID, _ change: Change) -> PostgresQuery {
        """
        UPDATE asset SET width = coalesce(\(change.width), width), height = coalesce(\(change.height), height),
            duration_ms = coalesce(\(change.durationMs), duration_ms),
            metadata = metadata || coalesce(\(change.metadata)::jsonb, '{}'), updated_at = now()
        WHERE id = \(id) AND workspace_id = \(workspaceID) RETURNING \(columns)
        """
    }

    private static let columns = PostgresQuery(
        unescaped: """
            id, workspace_id, owner_id, project_id, filename, content_type, kind, origin, provider, prompt, size,
            sha256, width, height, duration_ms, metadata, storage_key, created_at, updated_at
            """)

    private static func asset(_ row: PostgresRow) throws -> Asset {
        let (id, workspace, owner, project, filename, type) = try row.decode(
            (UUID, UUID, UUID, UUID?, String, String).self)
        let (kind, origin, provider, prompt, size, hash) = try row.decode(
            (String, String, String?, String?, Int64, Data).self, from: 6)
        let (width, height, duration, metadata, key) = try row.decode(
            (Int?, Int?, Int64?, JSONValue, String).self, from: 12)
        let (created, updated) = try row.decode((Date, Date).self, from: 17)
        return Asset(
            id: id, workspaceID: workspace, ownerID: owner, projectID: project, filename: filename, contentType: type,
            kind: MediaKind(rawValue: kind) ?? .other, origin: Asset.Origin(rawValue: origin) ?? .upload,
            provider: provider, prompt: prompt, size: size, sha256: hash, width: width, height: height,
            durationMs: duration, metadata: metadata, storageKey: key, createdAt: created, updatedAt: updated)
    }
}
