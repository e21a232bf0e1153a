import FoundationEssentials
import Postgres

extension AccountTable {
    /// The tokens of an account; `nil` where it is gone.
    func tokens(_ id: UUID) async throws -> StoredTokens? {
        let row = try await postgres.query(
            """
            SELECT platform, access_token, refresh_token, token_expires_at, token_version, status
            FROM social_account WHERE id = \(id)
            """
        ).first
        guard let row else { return nil }
        let (platform, access, refresh, expires, version, status) = try row.decode(
            (String, Data, Data?, Date?, Int, String).self)
        let set = TokenSet(
            accessToken: try vault.open(access, for: id), refreshToken: try refresh.map { try vault.open($0, for: id) },
            expiresAt: expires)
        return StoredTokens(platform: platform, tokens: set, version: version, isActive: status == "active")
    }

    /// Takes the right to refresh the tokens of a version, for a while; false where another has it or did it.
    func beginRefresh(_ id: UUID, version: Int) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE social_account SET refreshing_until = now() + interval '20 seconds'
            WHERE id = \(id) AND token_version = \(version) AND status = 'active'
                AND (refreshing_until IS NULL OR refreshing_until < now())
            """) > 0
    }

    func endRefresh(_ id: UUID, version: Int, with tokens: TokenSet) async throws {
        let access = try vault.seal(tokens.accessToken, for: id)
        let refresh = try tokens.refreshToken.map { try vault.seal($0, for: id) }
        try await postgres.execute(
            """
            UPDATE social_account SET access_token = \(access), refresh_token = coalesce(\(refresh), refresh_token),
                token_expires_at = \(tokens.expiresAt), token_version = token_version + 1, refreshing_until = NULL,
                updated_at = now()
            WHERE id = \(id) AND token_version = \(version)
            """)
    }

    func abandonRefresh(_ id: UUID, version: Int) async throws {
        try await postgres.execute(
            "UPDATE social_account SET refreshing_until = NULL WHERE id = \(id) AND token_version = \(version)")
    }

    /// The network does not know us any more: a person has to connect the account again.
    func disconnect(_ id: UUID, version: Int) async throws {
        try await postgres.execute(
            """
            UPDATE social_account SET status = 'disconnected', refreshing_until = NULL, updated_at = now()
            WHERE id = \(id) AND token_version = \(version)
            """)
    }
}
