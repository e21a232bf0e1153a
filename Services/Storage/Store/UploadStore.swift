import FoundationEssentials
import Postgres

/// Uploads in Postgres. How many bytes are there, their ``UploadContent`` knows.
struct UploadStore: Sendable {
    let postgres: PostgresClient

    func insert(_ upload: Upload) async throws {
        try await postgres.execute(
            """
            INSERT INTO upload (id, workspace_id, owner_id, project_id, asset_id, length, filename, metadata, expires_at)
            VALUES (\(upload.id), \(upload.workspaceID), \(upload.ownerID), \(upload.projectID), \(upload.assetID),
                \(upload.length), \(upload.filename), \(upload.metadata), \(upload.expiresAt))
            """)
    }

    func find(_ id: UUID, workspaceID: UUID) async throws -> Upload? {
        try await postgres.query(
            "SELECT \(Self.columns) FROM upload WHERE id = \(id) AND workspace_id = \(workspaceID)"
        ).first.map(Self.upload)
    }

    /// Notes where a part with a checksum begins; `nil` when it is proved or taken away.
    func setUnproved(_ id: UUID, from offset: Int64?) async throws {
        try await postgres.execute("UPDATE upload SET unproved_from = \(offset) WHERE id = \(id)")
    }

    func extend(_ id: UUID, until date: Date) async throws {
        try await postgres.execute("UPDATE upload SET expires_at = \(date) WHERE id = \(id) AND state = 'open'")
    }

    /// Marks an upload that is open as another state.
    /// - Returns: whether it was open.
    func settle(_ id: UUID, _ state: Upload.State, in tx: PostgresTransaction) async throws -> Bool {
        try await settle(state, "id = \(id)", in: tx)
    }

    /// Marks an upload as gone where its time is over still: somebody may have gone on with it.
    /// - Returns: whether it was.
    func expire(_ id: UUID, in tx: PostgresTransaction) async throws -> Bool {
        try await settle(.gone, "id = \(id) AND expires_at < now()", in: tx)
    }

    private func settle(
        _ state: Upload.State, _ which: PostgresQuery, in tx: PostgresTransaction
    ) async throws -> Bool {
        let rows = try await tx.query(
            "UPDATE upload SET state = \(state.rawValue) WHERE state = 'open' AND \(which) RETURNING id, tail_key")
        guard let (id, tail) = try rows.first?.decode((UUID, String?).self) else { return false }
        try await tx.execute("DELETE FROM upload_part WHERE upload_id = \(id)")
        // Of one that is complete the tail is the asset's object, or there is none.
        if state == .gone, let tail { try await GarbageStore.add(tail, in: tx) }
        return true
    }

    /// Open uploads whose time is over, the oldest first.
    func expired(limit: Int) async throws -> [Upload] {
        try await postgres.query(
            """
            SELECT \(Self.columns) FROM upload WHERE state = 'open' AND expires_at < now() ORDER BY expires_at
            LIMIT \(limit)
            """
        ).map(Self.upload)
    }

    /// Which of some uploads are open.
    func open(among ids: [UUID]) async throws -> Set<UUID> {
        let rows = try await postgres.query("SELECT id FROM upload WHERE state = 'open' AND id = ANY(\(ids)::uuid[])")
        return Set(try rows.map { try $0.decode(UUID.self) })
    }

    /// How many uploads are open, and how many bytes they have announced.
    func underWay() async throws -> (count: Int, bytes: Int64) {
        try await postgres.query("SELECT count(*), coalesce(sum(length), 0)::bigint FROM upload WHERE state = 'open'")[
            0
        ].decode((Int, Int64).self)
    }

    /// Forgets uploads that ended more than a week ago.
    func purge() async throws {
        try await postgres.execute(
            "DELETE FROM upload WHERE state <> 'open' AND expires_at < now() - interval '7 days'")
    }

    private static let columns = PostgresQuery(
        unescaped: """
            id, workspace_id, owner_id, project_id, asset_id, length, filename, metadata, state, unproved_from,
            expires_at, stored, hash, multipart, tail_key, tail_from
            """)

    private static func upload(_ row: PostgresRow) throws -> Upload {
        let (id, workspace, owner, project, asset) = try row.decode((UUID, UUID, UUID, UUID?, UUID).self)
        let (length, filename, metadata, state, unproved, expires) = try row.decode(
            (Int64, String, String, String, Int64?, Date).self, from: 5)
        let (stored, hash, multipart, tailKey, tailFrom) = try row.decode(
            (Int64, Data?, String?, String?, Int64).self, from: 11)
        return Upload(
            id: id, workspaceID: workspace, ownerID: owner, projectID: project, assetID: asset, length: length,
            filename: filename, metadata: metadata, state: Upload.State(rawValue: state) ?? .gone,
            unprovedFrom: unproved, expiresAt: expires,
            bytes: Upload.Bytes(
                stored: stored, hash: hash, multipart: multipart, tailKey: tailKey, tailFrom: tailFrom))
    }
}
