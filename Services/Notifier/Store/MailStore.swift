import FoundationEssentials
import Postgres
import Primitives

/// The ledger of mails.
enum MailStore {
    /// A mail that this process is to send now.
    struct Claimed: Sendable {
        let id: UUID
        let recipient: String
        let subject: String
        let body: String
        let attempts: Int
    }

    static func add(
        _ notification: UUID, to recipient: String, subject: String, body: String, at time: Date,
        in tx: PostgresTransaction
    ) async throws {
        _ = try await tx.batch([
            """
            INSERT INTO mail (id, notification_id, recipient, subject, body, next_at)
            VALUES (\(UUID.v7()), \(notification), \(recipient), \(subject), \(body), \(time))
            ON CONFLICT (notification_id) DO NOTHING
            """,
            "SELECT pg_notify('mail', '')",
        ])
    }

    /// Takes mails that are due. What another process had in hand when it died may have been sent: it becomes `unknown`.
    static func claim(limit: Int, lease: Duration, on postgres: PostgresClient) async throws -> [Claimed] {
        try await postgres.execute(
            """
            UPDATE mail SET status = 'unknown', error = 'the sender ended', ended_at = now()
            WHERE status = 'sending' AND leased_until < now()
            """)
        return try await postgres.query(
            """
            UPDATE mail SET status = 'sending', attempts = attempts + 1,
                leased_until = now() + make_interval(secs => \(lease.seconds))
            WHERE status = 'pending' AND id IN (
                SELECT id FROM mail WHERE status = 'pending' AND next_at <= now() ORDER BY next_at LIMIT \(limit)
                FOR UPDATE SKIP LOCKED)
            RETURNING id, recipient, subject, body, attempts
            """
        ).map { row in
            let (id, recipient, subject, body, attempts) = try row.decode((UUID, String, String, String, Int).self)
            return Claimed(id: id, recipient: recipient, subject: subject, body: body, attempts: attempts)
        }
    }

    /// Notes how a mail ended: `sent`, `failed` or `unknown`.
    static func end(_ mail: Claimed, _ status: String, error: String?, on postgres: PostgresClient) async throws {
        try await postgres.execute(
            """
            UPDATE mail SET status = \(status), error = \(error), ended_at = now()
            WHERE id = \(mail.id) AND attempts = \(mail.attempts) AND status = 'sending'
            """)
    }

    /// Puts a mail back that was certainly not sent.
    static func again(_ mail: Claimed, after wait: Duration, error: String, on postgres: PostgresClient) async throws {
        try await postgres.execute(
            """
            UPDATE mail SET status = 'pending', error = \(error),
                next_at = now() + make_interval(secs => \(wait.seconds))
            WHERE id = \(mail.id) AND attempts = \(mail.attempts) AND status = 'sending'
            """)
    }
}
