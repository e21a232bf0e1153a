import FoundationEssentials
import Postgres
import Primitives

/// The SQL of social accounts and of authorizations under way.
struct AccountTable: Sendable {
    let postgres: PostgresClient
    let vault: TokenVault

    private static let columns: PostgresQuery =
        "id, platform, platform_user_id, username, status, user_id, token_expires_at, created_at"

    private static func account(_ row: PostgresRow) throws -> SocialAccount {
        let (id, platform, platformUser, username, status, user, expires, created) = try row.decode(
            (UUID, String, String, String, String, UUID, Date?, Date).self)
        return SocialAccount(
            id: id, platform: platform, platformUserId: platformUser, username: username, status: status, userId: user,
            tokenExpiresAt: expires, createdAt: created)
    }

    // MARK: Authorizations under way

    func begin(
        stateHash: Data, verifier: String, platform: String, workspaceID: UUID, userID: UUID, until: Date
    ) async throws {
        let sealed = try vault.seal(verifier, for: userID)
        _ = try await postgres.execute("DELETE FROM oauth_request WHERE expires_at < now()")
        try await postgres.execute(
            """
            INSERT INTO oauth_request (state_hash, workspace_id, user_id, platform, verifier, expires_at)
            VALUES (\(stateHash), \(workspaceID), \(userID), \(platform), \(sealed), \(until))
            """)
    }

    /// Takes an authorization, which is good for one try; `nil` where it is unknown, another's, or over.
    func take(
        stateHash: Data, workspaceID: UUID, userID: UUID
    ) async throws -> (platform: String, verifier: String)? {
        // Another person's try uses the state up as well: whoever has it should not.
        let row = try await postgres.query(
            """
            DELETE FROM oauth_request WHERE state_hash = \(stateHash)
            RETURNING platform, verifier, workspace_id, user_id, expires_at > now()
            """
        ).first
        guard let row else { return nil }
        let (platform, verifier, workspace, user, isValid) = try row.decode((String, Data, UUID, UUID, Bool).self)
        guard isValid, workspace == workspaceID, user == userID else { return nil }
        return (platform, try vault.open(verifier, for: userID))
    }

    // MARK: Accounts

    /// Stores an account with its tokens; one that was connected before gets the new tokens.
    func save(
        _ profile: NetworkProfile, platform: String, tokens: TokenSet, workspaceID: UUID, userID: UUID
    ) async throws -> SocialAccount {
        try await postgres.withTransaction { tx in
            let known = try await tx.query(
                """
                SELECT id FROM social_account
                WHERE workspace_id = \(workspaceID) AND platform = \(platform) AND platform_user_id = \(profile.id)
                FOR UPDATE
                """
            ).first?.decode(UUID.self)
            let id = known ?? .v7()
            let access = try vault.seal(tokens.accessToken, for: id)
            let refresh = try tokens.refreshToken.map { try vault.seal($0, for: id) }
            let rows = try await tx.query(
                """
                INSERT INTO social_account (id, workspace_id, user_id, platform, platform_user_id, username,
                    access_token, refresh_token, token_expires_at)
                VALUES (\(id), \(workspaceID), \(userID), \(platform), \(profile.id), \(profile.username),
                    \(access), \(refresh), \(tokens.expiresAt))
                ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, username = excluded.username,
                    access_token = excluded.access_token, refresh_token = excluded.refresh_token,
                    token_expires_at = excluded.token_expires_at, status = 'active', refreshing_until = NULL,
                    token_version = social_account.token_version + 1, updated_at = now()
                RETURNING \(Self.columns)
                """)
            guard let row = rows.first else { throw PostgresError(.decoding, "no row") }
            return try Self.account(row)
        }
    }

    func list(workspaceID: UUID, limit: Int, after: UUID?) async throws -> [SocialAccount] {
        try await postgres.query(
            """
            SELECT \(Self.columns) FROM social_account
            WHERE workspace_id = \(workspaceID) AND (\(after)::uuid IS NULL OR id > \(after))
            ORDER BY id LIMIT \(limit)
            """
        ).map(Self.account)
    }

    /// Those of `ids` that belong to a workspace.
    func find(_ ids: [UUID], workspaceID: UUID) async throws -> [SocialAccount] {
        try await postgres.query(
            "SELECT \(Self.columns) FROM social_account WHERE workspace_id = \(workspaceID) AND id = ANY(\(ids)::uuid[])"
        ).map(Self.account)
    }

    /// Forgets an account and its tokens.
    /// - Returns: the tokens, to be given back to the network; `nil` where there is no such account.
    func delete(_ id: UUID, workspaceID: UUID) async throws -> (platform: String, token: String)? {
        let row = try await postgres.query(
            """
            DELETE FROM social_account WHERE id = \(id) AND workspace_id = \(workspaceID)
            RETURNING platform, coalesce(refresh_token, access_token)
            """
        ).first
        guard let row else { return nil }
        let (platform, sealed) = try row.decode((String, Data).self)
        return (platform, (try? vault.open(sealed, for: id)) ?? "")
    }
}
