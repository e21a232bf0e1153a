import FoundationEssentials
import Primitives

/// Access tokens that hold: refreshed once, ahead of their end, however many replicas and posts need them.
struct AccessTokens: Sendable {
    let networks: Networks
    let accounts: AccountTable
    /// How long before its end a token is refreshed.
    var margin: Double = 120

    /// Runs a call with a token; where the network says that the token does not hold, once more with a new one.
    /// - Throws: ``NetworkFailure``, `PostgresError`, what `call` throws.
    func with<T: Sendable>(
        _ accountID: UUID, _ call: (any SocialNetwork, String) async throws -> T
    ) async throws -> T {
        let stored = try await current(accountID)
        let network = try networks.adapter(stored.platform)
        do {
            return try await call(network, stored.tokens.accessToken)
        } catch NetworkFailure.unauthorized {
            let fresh = try await refreshed(accountID, stored)
            do {
                return try await call(network, fresh.tokens.accessToken)
            } catch NetworkFailure.unauthorized {
                try await accounts.disconnect(accountID, version: fresh.version)
                throw Self.disconnected
            }
        }
    }

    static let disconnected = NetworkFailure.refused(
        code: "account_disconnected", message: "The account has to be connected again.")

    private func current(_ id: UUID) async throws -> StoredTokens {
        guard let stored = try await accounts.tokens(id), stored.isActive else { throw Self.disconnected }
        guard let expires = stored.tokens.expiresAt, expires < Date() + margin, stored.tokens.refreshToken != nil else {
            return stored
        }
        return try await refreshed(id, stored)
    }

    /// Tokens newer than `seen`: by refreshing them, or by waiting for whoever does.
    private func refreshed(_ id: UUID, _ seen: StoredTokens) async throws -> StoredTokens {
        guard let refreshToken = seen.tokens.refreshToken else {
            try await accounts.disconnect(id, version: seen.version)
            throw Self.disconnected
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if try await accounts.beginRefresh(id, version: seen.version) {
                let network = try networks.adapter(seen.platform)
                do {
                    let tokens = try await network.refresh(refreshToken)
                    try await accounts.endRefresh(id, version: seen.version, with: tokens)
                } catch NetworkFailure.refused, NetworkFailure.unauthorized {
                    try await accounts.disconnect(id, version: seen.version)
                    throw Self.disconnected
                } catch NetworkFailure.outcomeUnknown(let reason) {
                    // The refresh token may be used up; the next try shows it.
                    try await accounts.abandonRefresh(id, version: seen.version)
                    throw NetworkFailure.unavailable(reason)
                } catch {
                    try? await accounts.abandonRefresh(id, version: seen.version)
                    throw error
                }
            }
            guard let now = try await accounts.tokens(id), now.isActive else { throw Self.disconnected }
            if now.version != seen.version { return now }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw NetworkFailure.unavailable("the tokens are being refreshed")
    }
}
