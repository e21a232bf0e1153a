import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives

/// The facts that this service tells others.
extension Outbox {
    func userRegistered(_ account: Account, in tx: PostgresTransaction) async throws {
        let event = UserRegistered(
            userID: account.id, workspaceID: account.workspaceID, email: account.email, username: account.username,
            atMs: account.createdAt.milliseconds)
        _ = try await append(event, in: tx)
    }

    /// The statement that tells of a sign-in, to be sent together with others.
    func userSignedIn(_ account: Account, in tx: PostgresTransaction) throws -> PostgresQuery? {
        let event = UserSignedIn(userID: account.id, workspaceID: account.workspaceID)
        return statement(adding: [try OutboxEntry(event, source: source)], in: tx)
    }

    func sessionRevoked(_ session: SessionStore.Ended, reason: String, in tx: PostgresTransaction) async throws {
        _ = try await append(SessionRevoked(userID: session.userID, sessionID: session.id, reason: reason), in: tx)
    }
}
