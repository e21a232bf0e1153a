import Auth
import FoundationEssentials
import Postgres

/// Accounts, workspaces and memberships in Postgres.
enum AccountStore {
    /// What is needed to let somebody in.
    struct Credentials: Sendable {
        let account: Account
        let hash: String
    }

    private static let columns: PostgresQuery = """
        a.id, a.email, a.username, a.display_name, a.role, a.is_disabled, m.workspace_id, m.role, a.created_at,
        a.updated_at
        """
    /// The first workspace is the one that came with the account.
    private static let firstMembership: PostgresQuery = """
        JOIN LATERAL (SELECT workspace_id, role FROM membership WHERE user_id = a.id
            ORDER BY created_at, workspace_id LIMIT 1) m ON true
        """

    static func insert(
        _ account: Account, _ form: Registration.Checked, hash: String, in tx: PostgresTransaction
    ) async throws {
        _ = try await tx.batch([
            """
            INSERT INTO account
                (id, email, email_key, username, username_key, display_name, password_hash, created_at, updated_at)
            VALUES (\(account.id), \(form.email.text), \(form.email.key), \(form.username.text), \(form.username.key),
                \(account.displayName), \(hash), \(account.createdAt), \(account.updatedAt))
            """,
            "INSERT INTO workspace (id, name) VALUES (\(account.workspaceID), \(account.username))",
            """
            INSERT INTO membership (workspace_id, user_id, role)
            VALUES (\(account.workspaceID), \(account.id), \(account.workspaceRole.rawValue))
            """,
        ])
    }

    static func credentials(_ identifier: LoginIdentifier, on postgres: PostgresClient) async throws -> Credentials? {
        try await credentials(in: postgres.query(findingCredentials(of: identifier)))
    }

    /// The statement that finds what is needed to let somebody in.
    static func findingCredentials(of identifier: LoginIdentifier) -> PostgresQuery {
        let condition: PostgresQuery
        switch identifier {
        case .email(let email): condition = "a.email_key = \(email.key)"
        case .username(let username): condition = "a.username_key = \(username.key)"
        case .impossible: condition = "false"
        }
        return "SELECT \(columns), a.password_hash FROM account a \(firstMembership) WHERE \(condition)"
    }

    /// What ``findingCredentials(of:)`` has found.
    static func credentials(in rows: [PostgresRow]) throws -> Credentials? {
        guard let row = rows.first else { return nil }
        return Credentials(account: try account(row), hash: try row["password_hash", as: String.self])
    }

    static func account(_ principal: Principal, on postgres: PostgresClient) async throws -> Account? {
        try await postgres.query(
            """
            SELECT \(columns) FROM account a JOIN membership m ON m.user_id = a.id
            WHERE a.id = \(principal.userID) AND m.workspace_id = \(principal.workspaceID)
            """
        ).first.map(account)
    }

    /// The account of a session, with its role in the session's workspace as it is now.
    static func account(inSession session: UUID, in tx: PostgresTransaction) async throws -> Account? {
        try await tx.query(
            """
            SELECT \(columns) FROM session s JOIN account a ON a.id = s.user_id
            JOIN membership m ON m.user_id = s.user_id AND m.workspace_id = s.workspace_id WHERE s.id = \(session)
            """
        ).first.map(account)
    }

    static func update(
        _ id: UUID, _ form: ProfileChange.Checked, hash: String?, in tx: PostgresTransaction
    ) async throws {
        try await tx.execute(
            """
            UPDATE account SET display_name = coalesce(\(form.displayName), display_name),
                username = coalesce(\(form.username?.text), username),
                username_key = coalesce(\(form.username?.key), username_key),
                password_hash = coalesce(\(hash), password_hash), updated_at = now()
            WHERE id = \(id)
            """)
    }

    /// The statement that puts a stronger hash of the same password in place, unless it was changed meanwhile.
    static func replacingHash(of id: UUID, old: String, new: String) -> PostgresQuery {
        "UPDATE account SET password_hash = \(new) WHERE id = \(id) AND password_hash = \(old)"
    }

    private static func account(_ row: PostgresRow) throws -> Account {
        let (id, email, username, displayName, role, isDisabled, workspace, workspaceRole, created, updated) =
            try row.decode((UUID, String, String, String, String, Bool, UUID, String, Date, Date).self)
        guard let workspaceRole = Role(rawValue: workspaceRole) else { throw PostgresError(.decoding, "role") }
        return Account(
            id: id, email: email, username: username, displayName: displayName, role: role, isDisabled: isDisabled,
            workspaceID: workspace, workspaceRole: workspaceRole, createdAt: created, updatedAt: updated)
    }
}
