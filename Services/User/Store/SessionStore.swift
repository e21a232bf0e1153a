import Auth
import FoundationEssentials
import Postgres
import Primitives

/// Sessions and their refresh tokens in Postgres.
enum SessionStore {
    /// A session that was ended now.
    struct Ended: Sendable {
        let id: UUID
        let userID: UUID
    }

    /// The statements that add a session and its first token.
    static func opening(
        _ id: UUID, _ account: Account, _ client: Client, expiresAt: Date, _ token: RefreshToken, lifetime: Duration
    ) -> [PostgresQuery] {
        [
            """
            INSERT INTO session (id, user_id, workspace_id, address, user_agent, expires_at)
            VALUES (\(id), \(account.id), \(account.workspaceID), \(client.address), \(client.userAgent), \(expiresAt))
            """,
            inserting(token, id, lifetime: lifetime),
        ]
    }

    /// The statement that adds a token; it never outlives its session.
    static func inserting(_ token: RefreshToken, _ session: UUID, lifetime: Duration) -> PostgresQuery {
        """
        INSERT INTO refresh_token (hash, session_id, expires_at)
        SELECT \(token.hash), id, least(expires_at, now() + make_interval(secs => \(lifetime.seconds)))
        FROM session WHERE id = \(session)
        """
    }

    /// Marks a token as used; its session, or `nil` where it cannot be used (any more). Of two who come at once, the
    /// second waits for the first and then finds it used.
    static func use(_ token: RefreshToken, in tx: PostgresTransaction) async throws -> UUID? {
        try await tx.query(
            """
            WITH used AS (
                UPDATE refresh_token SET used_at = now()
                WHERE hash = \(token.hash) AND used_at IS NULL AND expires_at > now() RETURNING session_id)
            UPDATE session SET last_used_at = now() FROM used
            WHERE session.id = used.session_id AND revoked_at IS NULL AND session.expires_at > now() RETURNING session.id
            """
        ).first?.decode(UUID.self)
    }

    static func revoke(_ session: UUID, reason: String, in tx: PostgresTransaction) async throws -> [Ended] {
        try await revoke(where: "id = \(session)", reason, in: tx)
    }

    static func revoke(_ token: RefreshToken, reason: String, in tx: PostgresTransaction) async throws -> [Ended] {
        try await revoke(
            where: "id = (SELECT session_id FROM refresh_token WHERE hash = \(token.hash))", reason, in: tx)
    }

    /// Ends the session of a token that was used before.
    static func revokeReused(_ token: RefreshToken, in tx: PostgresTransaction) async throws -> [Ended] {
        try await revoke(
            where: """
                id = (SELECT session_id FROM refresh_token WHERE hash = \(token.hash) AND used_at IS NOT NULL)
                """, "reused", in: tx)
    }

    static func revokeAll(
        of user: UUID, but kept: UUID?, reason: String, in tx: PostgresTransaction
    ) async throws -> [Ended] {
        try await revoke(where: "user_id = \(user) AND id IS DISTINCT FROM \(kept)::uuid", reason, in: tx)
    }

    /// How many ended sessions are told at once.
    static let feedLimit = 10_000

    /// Sessions that ended after a time and whose access tokens may still hold, the earliest first.
    static func revoked(
        after: Date, lifetime: Duration, on postgres: PostgresClient
    ) async throws -> [RevocationFeed.Entry] {
        try await postgres.query(
            "SELECT id, revoked_at FROM session WHERE revoked_at > \(after) ORDER BY revoked_at LIMIT \(feedLimit)"
        ).map { row in
            let (id, at) = try row.decode((UUID, Date).self)
            return RevocationFeed.Entry(sessionId: id, until: at.addingTimeInterval(lifetime.seconds + 30))
        }
    }

    /// Forgets what nobody can use any more.
    static func forgetOld(on postgres: PostgresClient) async throws {
        try await postgres.execute("DELETE FROM session WHERE expires_at < now() - interval '7 days'")
        try await postgres.execute("DELETE FROM login_failure WHERE last_at < now() - interval '1 day'")
    }

    private static func revoke(
        where condition: PostgresQuery, _ reason: String, in tx: PostgresTransaction
    ) async throws -> [Ended] {
        try await tx.query(
            """
            UPDATE session SET revoked_at = now(), revoked_reason = \(reason)
            WHERE \(condition) AND revoked_at IS NULL RETURNING id, user_id
            """
        ).map { row in
            let (id, user) = try row.decode((UUID, UUID).self)
            return Ended(id: id, userID: user)
        }
    }
}
