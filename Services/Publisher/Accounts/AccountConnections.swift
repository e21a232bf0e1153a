import Crypto
import FoundationEssentials
import HTTP
import Primitives

/// Connects accounts: OAuth2 authorization code with PKCE. The state is random, stored as a hash, bound to the person
/// who began, good for one try and ten minutes.
struct AccountConnections: Sendable {
    let networks: Networks
    let accounts: AccountTable
    let redirectURI: String

    /// Where the person has to go, and until when.
    struct Start: Encodable, Sendable {
        let authorizationUrl: String
        let expiresAt: Date
    }

    func begin(platform: String, workspaceID: UUID, userID: UUID) async throws -> Start {
        guard networks.platforms.contains(platform) else {
            throw Problem.invalid(
                field: "platform", reason: "must be one of \(networks.platforms.joined(separator: ", "))")
        }
        let network = try networks.adapter(platform)
        let (state, verifier) = (SecureRandom.token(), SecureRandom.token())
        let expires = Date() + 600
        try await accounts.begin(
            stateHash: SHA256.hash(Data(state.utf8)), verifier: verifier, platform: platform, workspaceID: workspaceID,
            userID: userID, until: expires)
        return Start(
            authorizationUrl: network.authorizationURL(
                state: state, challenge: SHA256.hash(Data(verifier.utf8)).base64URL, redirectURI: redirectURI),
            expiresAt: expires)
    }

    /// - Parameter issuer: `iss` of the redirect, where the network sent it (RFC 9207).
    func finish(
        code: String, state: String, issuer: String?, workspaceID: UUID, userID: UUID
    ) async throws -> SocialAccount {
        guard (1...2048).contains(code.utf8.count), (1...256).contains(state.utf8.count) else {
            throw Self.refused("The answer of the network is not complete.")
        }
        let request = try await accounts.take(
            stateHash: SHA256.hash(Data(state.utf8)), workspaceID: workspaceID, userID: userID)
        guard let request else { throw Self.refused("This connection was not begun here, is over, or was used.") }
        let network = try networks.adapter(request.platform)
        if let issuer, issuer != network.issuer { throw Self.refused("The answer comes from another network.") }
        do {
            let tokens = try await network.exchange(code: code, verifier: request.verifier, redirectURI: redirectURI)
            let profile = try await network.profile(tokens.accessToken)
            return try await accounts.save(
                profile, platform: request.platform, tokens: tokens, workspaceID: workspaceID, userID: userID)
        } catch let failure as NetworkFailure {
            switch failure {
            case .refused, .unauthorized: throw Self.refused("The network did not confirm the connection.")
            case .rateLimited(let wait):
                throw Problem.unavailable("The network asks to wait.", retryAfter: Int(wait.seconds))
            case .unavailable, .outcomeUnknown:
                throw Problem(
                    .badGateway, code: "network_unavailable", detail: "The network gives no usable answer. Begin again."
                )
            }
        }
    }

    /// Forgets an account and gives its tokens back.
    func end(_ id: UUID, workspaceID: UUID) async throws {
        guard let gone = try await accounts.delete(id, workspaceID: workspaceID) else {
            throw Problem.notFound("social account")
        }
        if !gone.token.isEmpty { await (try? networks.adapter(gone.platform))?.revoke(gone.token) }
    }

    private static func refused(_ detail: String) -> Problem {
        Problem(.badRequest, code: "connection_refused", detail: detail)
    }
}
