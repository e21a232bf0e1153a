import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives

/// `/api/v1/notifications` and `/api/v1/preferences`
struct NotificationRoutes: Sendable {
    let postgres: PostgresClient
    let tokens: TokenVerifier

    func add(to routes: inout Router) {
        routes.get("/api/v1/notifications", tokens.authenticated(list))
        routes.post("/api/v1/notifications/read", tokens.authenticated(readAll))
        routes.post("/api/v1/notifications/{id}/read", tokens.authenticated(read))
        routes.get(
            "/api/v1/preferences",
            tokens.authenticated { _, principal in
                try .json(
                    .ok, await PeopleStore.preferences(principal.userID, principal.workspaceID, on: postgres))
            })
        routes.put(
            "/api/v1/preferences",
            tokens.authenticated { request, principal in
                let preferences: Preferences = try await request.decode()
                try preferences.check()
                try await PeopleStore.keep(preferences, principal.userID, principal.workspaceID, on: postgres)
                return try .json(.ok, preferences)
            })
    }

    @Sendable private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let unread = request.query["unread"] ?? "false"
        guard unread == "true" || unread == "false" else {
            throw Problem.invalid(field: "unread", reason: "must be true or false")
        }
        let found = try await NotificationStore.page(
            principal, unread: unread == "true", after: request.cursor(), limit: limit, on: postgres)
        return try .json(.ok, Page(found, limit: limit) { $0.id })
    }

    @Sendable private func read(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let id = try request.uuid("id", of: "notification")
        guard try await NotificationStore.markRead(id, principal, on: postgres) else {
            throw Problem.notFound("notification")
        }
        return .noContent
    }

    @Sendable private func readAll(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try await NotificationStore.markAllRead(principal, on: postgres)
        return .noContent
    }
}

extension HTTPRequest {
    /// The identifier after which a page begins; `nil` for the first page.
    func cursor() throws -> UUID? {
        guard let text = query["cursor"] else { return nil }
        guard text.utf8.count == 36, let id = UUID(uuidString: text) else {
            throw Problem.invalid(field: "cursor", reason: "is not one that a list gave")
        }
        return id
    }
}
