import FoundationEssentials
import Postgres

/// Uploads in Postgres. How many bytes are there, the staged file knows.
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
        try await tx.execute("UPDATE upload SET state = \(state.rawValue) WHERE id = \(id) AND state = 'open'") == 1
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
            expires_at
            """)

    private static func upload(_ row: PostgresRow) throws -> Upload {
        let (id, workspace, owner, project, asset) = try row.decode((UUID, UUID, UUID, UUID?, UUID).self)
        let (length, filename, metadata, state, unproved, expires) = try row.decode(
            (Int64, String, String, String, Int64?, Date).self, from: 5)
        return Upload(
            id: id, workspaceID: workspace, ownerID: owner, projectID: project, assetID: asset, length: length,
            filename: filename, metadata: metadata, state: Upload.State(rawValue: state) ?? .gone,
            unprovedFrom: unproved, expiresAt: expires)
    }
}
