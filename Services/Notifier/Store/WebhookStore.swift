import Auth
import Crypto
import FoundationEssentials
import Postgres
import Primitives

/// Webhooks in Postgres, their secrets sealed.
struct WebhookStore: Sendable {
    let postgres: PostgresClient
    private let sealKey: Data

    init(_ postgres: PostgresClient, secret: String) {
        self.postgres = postgres
        sealKey = HMACSHA256.code(for: Data("atelier webhook secret v1".utf8), key: Data(secret.utf8))
    }

    func insert(
        _ id: UUID, _ principal: Principal, _ form: NewWebhook, _ secret: WebhookSecret, in tx: PostgresTransaction
    ) async throws -> Webhook {
        try await tx.execute(
            """
            INSERT INTO webhook (id, workspace_id, created_by, url, description, events, sealed_secret)
            VALUES (\(id), \(principal.workspaceID), \(principal.userID), \(form.url), \(form.description ?? ""),
                \(form.events ?? ["*"]), \(seal(secret, id)))
            """)
        var made = try Self.view(try await tx.query(Self.select + "WHERE id = \(id)")[0])
        made.secret = secret.text
        return made
    }

    func count(_ workspace: UUID, in tx: PostgresTransaction) async throws -> Int {
        try await tx.query("SELECT count(*) FROM webhook WHERE workspace_id = \(workspace)")[0].decode(Int.self)
    }

    func page(_ principal: Principal, after cursor: UUID?, limit: Int) async throws -> [Webhook] {
        let later: PostgresQuery = cursor.map { "AND id > \($0)" } ?? ""
        return try await postgres.query(
            Self.select + "WHERE workspace_id = \(principal.workspaceID) \(later) ORDER BY id LIMIT \(limit + 1)"
        ).map(Self.view)
    }

    func one(_ id: UUID, _ principal: Principal) async throws -> Webhook? {
        try await postgres.query(Self.select + "WHERE id = \(id) AND workspace_id = \(principal.workspaceID)")
            .first.map(Self.view)
    }

    /// Changes what is given; enabling clears the reason for which it was disabled.
    func update(_ id: UUID, _ principal: Principal, _ change: WebhookChange) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE webhook SET url = coalesce(\(change.url), url),
                description = coalesce(\(change.description), description),
                events = coalesce(\(change.events)::text[], events), updated_at = now(),
                disabled_at = CASE \(change.enabled)::boolean WHEN true THEN NULL WHEN false THEN now()
                    ELSE disabled_at END,
                disabled_reason = CASE \(change.enabled)::boolean WHEN true THEN NULL WHEN false THEN 'by request'
                    ELSE disabled_reason END
            WHERE id = \(id) AND workspace_id = \(principal.workspaceID)
            """) == 1
    }

    func delete(_ id: UUID, _ principal: Principal) async throws -> Bool {
        try await postgres.execute(
            "DELETE FROM webhook WHERE id = \(id) AND workspace_id = \(principal.workspaceID)") == 1
    }

    /// Puts a new secret in place; the old one signs beside it for a day.
    func rotate(_ id: UUID, _ principal: Principal) async throws -> WebhookSecret? {
        let secret = WebhookSecret()
        let changed = try await postgres.execute(
            """
            UPDATE webhook SET sealed_old_secret = sealed_secret, old_secret_until = now() + interval '24 hours',
                sealed_secret = \(seal(secret, id)), updated_at = now()
            WHERE id = \(id) AND workspace_id = \(principal.workspaceID)
            """)
        return changed == 1 ? secret : nil
    }

    /// Opens the secrets that sign now.
    func secrets(_ id: UUID, _ sealed: [Data]) throws -> [WebhookSecret] {
        try sealed.map { WebhookSecret(bytes: try AESGCM.open($0, key: sealKey, purpose: Data(id.text.utf8))) }
    }

    private func seal(_ secret: WebhookSecret, _ id: UUID) throws -> Data {
        try AESGCM.seal(secret.bytes, key: sealKey, purpose: Data(id.text.utf8))
    }

    private static let select: PostgresQuery = """
        SELECT id, url, description, events, disabled_at IS NULL, disabled_reason, last_success_at, created_at, updated_at
        FROM webhook 
        """

    private static func view(_ row: PostgresRow) throws -> Webhook {
        let (id, url, description, events, isEnabled, reason, success, created, updated) = try row.decode(
            (UUID, String, String, [String], Bool, String?, Date?, Date, Date).self)
        return Webhook(
            id: id.text, url: url, description: description, events: events,
            status: isEnabled ? "enabled" : "disabled", disabledReason: reason, lastSuccessAt: success,
            createdAt: created, updatedAt: updated)
    }
}
