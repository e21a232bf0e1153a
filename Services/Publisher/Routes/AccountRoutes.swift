import Auth
import FoundationEssentials
import HTTP
import Primitives

/// `/social-accounts`: connect by OAuth2, list, forget.
struct AccountRoutes: Sendable {
    let connections: AccountConnections
    let accounts: AccountTable
    let tokens: TokenVerifier

    func add(to routes: inout Router) {
        routes.get("/api/v1/social-accounts", tokens.authenticated(list))
        routes.post("/api/v1/social-accounts", tokens.authenticated(begin))
        routes.post("/api/v1/social-accounts/callback", tokens.authenticated(finish))
        routes.delete("/api/v1/social-accounts/{id}", tokens.authenticated(delete))
    }

    private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let found = try await accounts.list(
            workspaceID: principal.workspaceID, limit: limit + 1, after: try request.query.uuid("cursor"))
        return try .json(.ok, Page(found, limit: limit) { $0.id.text })
    }

    private struct Beginning: Decodable { let platform: String }

    private func begin(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try Self.check(principal)
        let wanted = try await request.decode(Beginning.self)
        return try .json(
            .ok,
            await connections.begin(
                platform: wanted.platform, workspaceID: principal.workspaceID, userID: principal.userID))
    }

    private struct Callback: Decodable {
        let code: String
        let state: String
        let iss: String?
    }

    private func finish(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try Self.check(principal)
        let answer = try await request.decode(Callback.self)
        let account = try await connections.finish(
            code: answer.code, state: answer.state, issuer: answer.iss, workspaceID: principal.workspaceID,
            userID: principal.userID)
        return try .json(.created, account)
    }

    private func delete(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try Self.check(principal)
        try await connections.end(try request.uuid("id", of: "social account"), workspaceID: principal.workspaceID)
        return .noContent
    }

    private static func check(_ principal: Principal) throws {
        guard principal.role.canPublish else { throw Problem.forbidden("Your role may not connect social accounts.") }
    }
}
