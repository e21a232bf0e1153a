import Auth
import HTTP
import Primitives
import ServiceKit

/// `/api/v1/auth/…`
struct AuthRoutes: Sendable {
    let accounts: AccountService
    let sessions: SessionService
    let tokens: TokenVerifier
    let cookies: CookieSession

    func add(to routes: inout Router) {
        routes.post("/api/v1/auth/register") { request in
            let (request, key) = try await IdempotencyKey.read(request, scope: "anybody")
            return try await accounts.register(request.decode(), Client(request), key)
        }
        routes.post("/api/v1/auth/login") { request in
            let body: Login = try await request.decode()
            let signedIn = try await accounts.signIn(body, Client(request))
            return try body.cookies == true ? cookies.response(signedIn) : Self.response(signedIn)
        }
        routes.post("/api/v1/auth/refresh", refresh)
        routes.post("/api/v1/auth/logout", logout)
    }

    private static func response(_ signedIn: SignedIn) throws -> HTTPResponse {
        try .json(.ok, signedIn, headers: ["Cache-Control": "no-store"])
    }

    /// By the token in the content, or else by cookie.
    private func refresh(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body: Refresh = try await request.decode()
        if let token = body.refreshToken {
            return try Self.response(await sessions.refresh(token, Client(request)))
        }
        guard let token = try CookieSession.refreshToken(of: request) else {
            throw Problem.invalid(field: "refreshToken", reason: "is required")
        }
        return try cookies.response(await sessions.refresh(token, Client(request)))
    }

    /// Ends the session of the refresh token in the content, or else of the access token; cookies go with it.
    private func logout(_ request: HTTPRequest) async throws -> HTTPResponse {
        var response = HTTPResponse.noContent
        if request.contentType != nil, !request.body.isEmpty {
            let body: Logout = try await request.decode()
            if let token = body.refreshToken {
                try await sessions.end(refreshToken: token, Client(request))
                return response
            }
        }
        if let token = try CookieSession.refreshToken(of: request) {
            try await sessions.end(refreshToken: token, Client(request))
            cookies.end(&response)
            return response
        }
        let principal = try await tokens.authenticate(request)
        try await sessions.end(principal.sessionID, reason: "logout", Client(request))
        tokens.revocations.revoke(principal.sessionID, until: principal.expiresAt)
        return response
    }
}
