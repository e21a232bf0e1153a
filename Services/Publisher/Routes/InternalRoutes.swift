import Auth
import HTTP

/// What other services ask: whether a workspace has a social account.
struct InternalRoutes: Sendable {
    let accounts: AccountTable
    let serviceTokens: ServiceTokens

    func add(to routes: inout Router) {
        routes.group(serviceTokens.middleware) { $0.get("/internal/v1/accounts/{id}", show) }
    }

    private func show(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = try request.uuid("id", of: "social account")
        guard let workspace = try request.query.uuid("workspaceId"),
            let account = try await accounts.find([id], workspaceID: workspace).first
        else { throw Problem.notFound("social account") }
        return try .json(.ok, account)
    }
}
