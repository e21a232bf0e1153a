import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives
import Telemetry

/// The SQL of publications. Each change is told in the transaction that makes it.
struct PublicationTable: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox

    static let columns: PostgresQuery =
        "id, asset_id, project_id, run_id, caption, status, publish_at, created_at, updated_at"

    static func publication(_ row: PostgresRow) throws -> Publication {
        let (id, asset, project, run, caption, status, at, created, updated) = try row.decode(
            (UUID, UUID, UUID?, UUID?, String, PublicationStatus, Date, Date, Date).self)
        return Publication(
            id: id, assetId: asset, projectId: project, runId: run, caption: caption, status: status, publishAt: at,
            createdAt: created, updatedAt: updated, targets: [])
    }

    /// Adds a publication and its rows of the ledger. One that is there is left as it is.
    func create(_ new: NewPublication, in tx: PostgresTransaction) async throws {
        let added = try await tx.execute(
            """
            INSERT INTO publication (id, workspace_id, user_id, project_id, run_id, asset_id, caption, publish_at)
            VALUES (\(new.id), \(new.workspaceID), \(new.userID), \(new.projectID), \(new.runID), \(new.assetID),
                \(new.caption), \(new.publishAt))
            ON CONFLICT (id) DO NOTHING
            """)
        guard added > 0 else { return }
        for account in new.accounts {
            let id = UUID.v7()
            try await tx.execute(
                """
                INSERT INTO ledger (id, publication_id, workspace_id, account_id, platform, idempotency_key, next_at,
                    traceparent)
                VALUES (\(id), \(new.id), \(new.workspaceID), \(account.id), \(account.platform),
                    \("atelier-\(id.text)"), \(new.publishAt), \(Trace.current?.traceparent))
                """)
        }
        try await announce(new.id, in: tx)
    }

    func find(_ id: UUID, workspaceID: UUID) async throws -> Publication? {
        let rows = try await postgres.query(
            "SELECT \(Self.columns) FROM publication WHERE id = \(id) AND workspace_id = \(workspaceID)")
        return try await withTargets(rows).first
    }

    /// The publications of a workspace, newest first.
    func list(
        workspaceID: UUID, projectID: UUID?, status: String?, limit: Int, after: UUID?
    ) async throws -> [Publication] {
        let rows = try await postgres.query(
            """
            SELECT \(Self.columns) FROM publication
            WHERE workspace_id = \(workspaceID)
                AND (\(projectID)::uuid IS NULL OR project_id = \(projectID))
                AND (\(status)::text IS NULL OR status = \(status))
                AND (\(after)::uuid IS NULL OR (created_at, id) <
                    (SELECT created_at, id FROM publication WHERE id = \(after) AND workspace_id = \(workspaceID)))
            ORDER BY created_at DESC, id DESC LIMIT \(limit)
            """)
        return try await withTargets(rows)
    }

    /// What is planned and was published within a time, in its order.
    func calendar(
        workspaceID: UUID, from: Date, to: Date, limit: Int, after: UUID?
    ) async throws -> [Publication] {
        let rows = try await postgres.query(
            """
            SELECT \(Self.columns) FROM publication
            WHERE workspace_id = \(workspaceID) AND publish_at >= \(from) AND publish_at < \(to)
                AND (\(after)::uuid IS NULL OR (publish_at, id) >
                    (SELECT publish_at, id FROM publication WHERE id = \(after) AND workspace_id = \(workspaceID)))
            ORDER BY publish_at, id LIMIT \(limit)
            """)
        return try await withTargets(rows)
    }

    /// Takes a publication back that has not begun.
    /// - Returns: whether it was taken back; `nil` where there is none.
    func cancel(_ id: UUID, workspaceID: UUID) async throws -> Bool? {
        try await postgres.withTransaction(retries: 3) { tx in
            // Ledger before publication, as everywhere: two orders would lock each other out.
            try await tx.execute(
                """
                UPDATE ledger SET status = 'cancelled', updated_at = now()
                WHERE publication_id = \(id) AND workspace_id = \(workspaceID) AND status = 'waiting'
                    AND (SELECT status FROM publication WHERE id = \(id)) = 'scheduled'
                """)
            let row = try await tx.query(
                "SELECT status FROM publication WHERE id = \(id) AND workspace_id = \(workspaceID) FOR UPDATE"
            ).first
            guard let status = try row?.decode(PublicationStatus.self) else { return nil }
            guard status == .scheduled else { return status == .cancelled }
            try await announce(id, in: tx)
            return true
        }
    }

    /// Brings a publication's status up to its targets, and tells of it.
    func announce(_ id: UUID, in tx: PostgresTransaction) async throws {
        let row = try await tx.query(
            """
            SELECT \(Self.columns), workspace_id, user_id FROM publication WHERE id = \(id) FOR UPDATE
            """
        ).first
        guard let row else { return }
        var publication = try Self.publication(row)
        let (workspaceID, userID) = try row.decode((UUID, UUID).self, from: 9)
        let targets = try await Self.targets([id], tx.query)[id] ?? []
        publication.targets = targets.map(\.shown)
        let status = PublicationStatus(
            of: targets.map(\.status),
            hasBegun: publication.status != .scheduled || targets.contains { $0.status == .intent })
        try await tx.execute(
            "UPDATE publication SET status = \(status), updated_at = now() WHERE id = \(id)")
        try await outbox.append(
            PublicationChanged(
                publicationID: id, workspaceID: workspaceID, userID: userID, projectID: publication.projectId,
                runID: publication.runId, status: status.rawValue, targetsJSON: try JSON.text(publication.targets)),
            in: tx)
    }

    private func withTargets(_ rows: [PostgresRow]) async throws -> [Publication] {
        let found = try rows.map(Self.publication)
        let targets = try await Self.targets(found.map(\.id), postgres.query)
        return found.map { publication in
            var publication = publication
            publication.targets = (targets[publication.id] ?? []).map(\.shown)
            return publication
        }
    }

    private static func targets(
        _ ids: [UUID], _ query: (PostgresQuery) async throws -> [PostgresRow]
    ) async throws -> [UUID: [(status: LedgerStatus, shown: PublicationTarget)]] {
        if ids.isEmpty { return [:] }
        let rows = try await query(
            """
            SELECT publication_id, account_id, platform, status, post_id, post_url, error_code, error_message
            FROM ledger WHERE publication_id = ANY(\(ids)::uuid[]) ORDER BY created_at, id
            """)
        var found: [UUID: [(status: LedgerStatus, shown: PublicationTarget)]] = [:]
        for row in rows {
            let (id, account, platform, status, post, url, code, message) = try row.decode(
                (UUID, UUID, String, LedgerStatus, String?, String?, String?, String?).self)
            let shown = PublicationTarget(
                accountId: account, platform: platform, status: TargetStatus(status), postId: post, postUrl: url,
                error: code.map { TargetError(code: $0, message: message ?? "") })
            found[id, default: []].append((status, shown))
        }
        return found
    }
}
