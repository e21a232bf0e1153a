import Auth
import HTTP
import Primitives
import ServiceKit

/// `/api/v1/auth/…`
struct AuthRoutes: Sendable {
    let accounts: AccountService
    let sessions: SessionService
    let tokens: TokenVerifier

    func add(to routes: inout Router) {
        routes.post("/api/v1/auth/register") { request in
            let (request, key) = try await IdempotencyKey.read(request, scope: "anybody")
            return try await accounts.register(request.decode(), Client(request), key)
        }
        routes.post("/api/v1/auth/login") { request in
            try .json(
                .ok, await accounts.signIn(request.decode(), Client(request)), headers: ["Cache-Control": "no-store"])
        }
        routes.post("/api/v1/auth/refresh") { request in
            let body: Refresh = try await request.decode()
            return try .json(
                .ok, await sessions.refresh(body.refreshToken, Client(request)), headers: ["Cache-Control": "no-store"])
        }
        routes.post("/api/v1/auth/logout", logout)
    }

    /// Ends the session of the refresh token in the content, or else of the access token.
    private func logout(_ request: HTTPRequest) async throws -> HTTPResponse {
        if request.contentType != nil, !request.body.isEmpty {
            let body: Logout = try await request.decode()
            if let token = body.refreshToken {
                try await sessions.end(refreshToken: token, Client(request))
                return .noContent
            }
        }
        let principal = try await tokens.authenticate(request)
        try await sessions.end(principal.sessionID, reason: "logout", Client(request))
        tokens.revocations.revoke(principal.sessionID, until: principal.expiresAt)
        return .noContent
    }
}
