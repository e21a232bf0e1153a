import Auth
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives

/// Opens, continues and ends sessions.
struct SessionService: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox
    let keys: KeyRing
    let accessLifetime: Duration
    let refreshLifetime: Duration
    let sessionLifetime: Duration

    /// A session that is opened by the statements, in the transaction that notes why; the answer holds once they are
    /// committed.
    func open(_ account: Account, _ client: Client) throws -> (answer: SignedIn, statements: [PostgresQuery]) {
        let now = Date()
        let session = UUID.v7()
        let token = RefreshToken()
        let statements = SessionStore.opening(
            session, account, client, expiresAt: now.addingTimeInterval(sessionLifetime.seconds), token,
            lifetime: refreshLifetime)
        return (try signedIn(account, session, token, now: now), statements)
    }

    /// Replaces a refresh token by its child. A token that comes a second time ends its whole family: one of the two
    /// who sent it is a thief, and nobody can say which (RFC 9700 §4.14.2, R28).
    func refresh(_ text: String, _ client: Client) async throws -> SignedIn {
        let old = RefreshToken(text: text)
        let result = try await postgres.withTransaction { tx -> SignedIn? in
            guard let session = try await SessionStore.use(old, in: tx) else {
                try await endFamily(of: old, client, in: tx)
                return nil
            }
            guard let account = try await AccountStore.account(inSession: session, in: tx), !account.isDisabled else {
                return nil
            }
            let token = RefreshToken()
            try await tx.execute(SessionStore.inserting(token, session, lifetime: refreshLifetime))
            return try signedIn(account, session, token, now: Date())
        }
        guard let result else { throw AuthenticationFailure(.revoked) }
        return result
    }

    /// Ends a session.
    func end(_ session: UUID, reason: String, _ client: Client) async throws {
        try await postgres.withTransaction { tx in
            try await end(SessionStore.revoke(session, reason: reason, in: tx), .signedOut, reason, client, in: tx)
        }
    }

    /// Ends the session of a refresh token; an unknown token ends nothing.
    func end(refreshToken text: String, _ client: Client) async throws {
        try await postgres.withTransaction { tx in
            let ended = try await SessionStore.revoke(RefreshToken(text: text), reason: "logout", in: tx)
            try await end(ended, .signedOut, "logout", client, in: tx)
        }
    }

    /// Ends all sessions of a person but one.
    func endAll(of user: UUID, but kept: UUID?, reason: String, _ client: Client, in tx: PostgresTransaction)
        async throws
    {
        let ended = try await SessionStore.revokeAll(of: user, but: kept, reason: reason, in: tx)
        try await end(ended, .sessionRevoked, reason, client, in: tx)
    }

    private func endFamily(of token: RefreshToken, _ client: Client, in tx: PostgresTransaction) async throws {
        let ended = try await SessionStore.revokeReused(token, in: tx)
        if !ended.isEmpty { tx.onCommit { SecurityEvent.refreshReused.count() } }
        try await end(ended, .refreshReused, "refresh token reused", client, in: tx)
    }

    private func end(
        _ ended: [SessionStore.Ended], _ action: AuditEvent.Action, _ reason: String, _ client: Client,
        in tx: PostgresTransaction
    ) async throws {
        for session in ended {
            try await AuditStore.append(
                AuditEvent(
                    action, user: session.userID, session: session.id, client: client, details: ["reason": reason]),
                in: tx)
            try await outbox.sessionRevoked(session, reason: reason, in: tx)
        }
    }

    private func signedIn(_ account: Account, _ session: UUID, _ token: RefreshToken, now: Date) throws -> SignedIn {
        let claims = AccessTokenClaims(
            userID: account.id, workspaceID: account.workspaceID, role: account.workspaceRole, sessionID: session,
            issuedAt: now, lifetime: accessLifetime)
        return SignedIn(
            user: AccountView(account), accessToken: try keys.sign(claims), refreshToken: token.text,
            expiresIn: accessLifetime.components.seconds)
    }
}
