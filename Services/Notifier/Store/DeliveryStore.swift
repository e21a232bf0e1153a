import FoundationEssentials
import Postgres
import Primitives

/// The ledger of webhook deliveries.
enum DeliveryStore {
    /// A delivery that this process is to make now.
    struct Claimed: Sendable {
        let id: UUID
        let webhookID: UUID
        let url: String
        let body: String
        /// This one included.
        let attempts: Int
        let sealedSecrets: [Data]
    }

    /// Puts an event into the ledger of every webhook of the workspace that wants it.
    static func add(
        _ event: UUID, type: String, workspace: UUID, body: String, in tx: PostgresTransaction
    ) async throws {
        let hooks = try await tx.query(
            """
            SELECT id FROM webhook WHERE workspace_id = \(workspace) AND disabled_at IS NULL
                AND (events = ARRAY['*'] OR \(type) = ANY(events))
            """)
        for hook in hooks {
            try await tx.execute(
                """
                INSERT INTO webhook_delivery (id, webhook_id, event_id, event_type, body)
                VALUES (\(UUID.v7()), \(hook.decode(UUID.self)), \(event), \(type), \(body))
                ON CONFLICT (webhook_id, event_id) DO NOTHING
                """)
        }
        if !hooks.isEmpty { try await tx.execute("SELECT pg_notify('webhook', '')") }
    }

    /// Takes deliveries that are due, one for each webhook, so that a slow receiver holds up nobody else.
    static func claim(limit: Int, lease: Duration, on postgres: PostgresClient) async throws -> [Claimed] {
        // The condition on the lease stands outside again: of two processes the second waits for the row, then looks.
        try await postgres.query(
            """
            UPDATE webhook_delivery d
            SET leased_until = now() + make_interval(secs => \(lease.seconds)), attempts = d.attempts + 1
            FROM webhook w
            WHERE w.id = d.webhook_id AND d.status = 'pending' AND d.leased_until < now() AND d.id IN (
                SELECT DISTINCT ON (c.webhook_id) c.id FROM webhook_delivery c
                JOIN webhook v ON v.id = c.webhook_id AND v.disabled_at IS NULL
                WHERE c.status = 'pending' AND c.next_at <= now() AND NOT EXISTS (
                    SELECT 1 FROM webhook_delivery b
                    WHERE b.webhook_id = c.webhook_id AND b.status = 'pending' AND b.leased_until >= now())
                ORDER BY c.webhook_id, c.next_at, c.id LIMIT \(limit))
            RETURNING d.id, d.webhook_id, w.url, d.body, d.attempts, w.sealed_secret,
                CASE WHEN w.old_secret_until > now() THEN w.sealed_old_secret END
            """
        ).map { row in
            let (id, webhook, url, body, attempts, secret, old) = try row.decode(
                (UUID, UUID, String, String, Int, Data, Data?).self)
            return Claimed(
                id: id, webhookID: webhook, url: url, body: body, attempts: attempts,
                sealedSecrets: [secret] + (old.map { [$0] } ?? []))
        }
    }

    static func delivered(_ delivery: Claimed, status: Int, on postgres: PostgresClient) async throws {
        try await postgres.withTransaction { tx in
            let changed = try await tx.execute(
                """
                UPDATE webhook_delivery SET status = 'delivered', response_status = \(status), error = NULL,
                    ended_at = now(), leased_until = '-infinity'
                WHERE id = \(delivery.id) AND attempts = \(delivery.attempts)
                """)
            guard changed == 1 else { return }
            try await tx.execute("UPDATE webhook SET last_success_at = now() WHERE id = \(delivery.webhookID)")
        }
    }

    /// Notes a try that failed, and when the next one is; after the last one the webhook is disabled where nothing got
    /// through since this delivery began.
    static func failed(
        _ delivery: Claimed, status: Int?, error: String, again: Duration?, on postgres: PostgresClient
    ) async throws {
        try await postgres.withTransaction { tx in
            let changed = try await tx.execute(
                """
                UPDATE webhook_delivery SET response_status = \(status)::integer, error = \(error),
                    leased_until = '-infinity', status = CASE WHEN \(again == nil) THEN 'failed' ELSE 'pending' END,
                    next_at = now() + make_interval(secs => \((again ?? .zero).seconds)),
                    ended_at = CASE WHEN \(again == nil) THEN now() END
                WHERE id = \(delivery.id) AND attempts = \(delivery.attempts)
                """)
            guard changed == 1, again == nil else { return }
            try await tx.execute(
                """
                UPDATE webhook SET disabled_at = now(), disabled_reason = 'no delivery got through for days'
                WHERE id = \(delivery.webhookID) AND disabled_at IS NULL AND coalesce(last_success_at, '-infinity') <
                    (SELECT created_at FROM webhook_delivery WHERE id = \(delivery.id))
                """)
        }
    }

    /// The receiver said that it is gone for good (410): nothing more is sent there.
    static func gone(_ delivery: Claimed, on postgres: PostgresClient) async throws {
        try await postgres.withTransaction { tx in
            try await tx.execute(
                """
                UPDATE webhook SET disabled_at = now(), disabled_reason = 'the receiver answered 410 Gone'
                WHERE id = \(delivery.webhookID)
                """)
            try await tx.execute(
                """
                UPDATE webhook_delivery SET status = 'failed', response_status = 410, error = 'gone', ended_at = now(),
                    leased_until = '-infinity'
                WHERE webhook_id = \(delivery.webhookID) AND status = 'pending'
                """)
        }
    }

    static func page(
        of webhook: UUID, after cursor: UUID?, limit: Int, on postgres: PostgresClient
    ) async throws -> [WebhookDeliveryView] {
        let older: PostgresQuery = cursor.map { "AND id < \($0)" } ?? ""
        return try await postgres.query(
            """
            SELECT id, event_type, status, attempts, response_status, error, created_at,
                CASE WHEN status = 'pending' THEN next_at END, ended_at
            FROM webhook_delivery WHERE webhook_id = \(webhook) \(older) ORDER BY id DESC LIMIT \(limit + 1)
            """
        ).map { row in
            let (id, type, status, attempts, response, error, created, next, ended) = try row.decode(
                (UUID, String, String, Int, Int?, String?, Date, Date?, Date?).self)
            return WebhookDeliveryView(
                id: id.text, eventType: type, status: status, attempts: attempts, responseStatus: response,
                error: error, createdAt: created, nextAttemptAt: next, endedAt: ended)
        }
    }
}
