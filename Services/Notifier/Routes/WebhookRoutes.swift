import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// `/api/v1/webhooks`
struct WebhookRoutes: Sendable {
    /// Webhooks of one workspace at most.
    static let most = 50

    let store: WebhookStore
    let tokens: TokenVerifier
    /// Seals the answers that are kept for an `Idempotency-Key`: they carry secrets.
    let secret: String
    let allowsPrivate: Bool

    func add(to routes: inout Router) {
        routes.get("/api/v1/webhooks", tokens.authenticated(list))
        routes.post("/api/v1/webhooks", tokens.authenticated(create))
        routes.get("/api/v1/webhooks/{id}", tokens.authenticated(show))
        routes.patch("/api/v1/webhooks/{id}", tokens.authenticated(change))
        routes.delete("/api/v1/webhooks/{id}", tokens.authenticated(remove))
        routes.post("/api/v1/webhooks/{id}/rotate-secret", tokens.authenticated(rotate))
        routes.get("/api/v1/webhooks/{id}/deliveries", tokens.authenticated(deliveries))
    }

    @Sendable private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let found = try await store.page(principal, after: request.cursor(), limit: limit)
        return try .json(.ok, Page(found, limit: limit) { $0.id })
    }

    @Sendable private func create(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try manage(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let form: NewWebhook = try await request.decode()
        try form.check(allowsPrivate: allowsPrivate)
        return try await Idempotency.perform(key, on: store.postgres, sealedBy: secret) { tx in
            guard try await store.count(principal.workspaceID, in: tx) < Self.most else {
                throw Problem.conflict("too_many_webhooks", "A workspace has \(Self.most) webhooks at most.")
            }
            let made = try await store.insert(.v7(), principal, form, WebhookSecret(), in: tx)
            return try .json(
                .created, made, headers: ["Location": "/api/v1/webhooks/\(made.id)", "Cache-Control": "no-store"])
        }
    }

    @Sendable private func show(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        guard let found = try await store.one(try request.uuid("id", of: "webhook"), principal) else {
            throw Problem.notFound("webhook")
        }
        return try .json(.ok, found)
    }

    @Sendable private func change(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try manage(principal)
        let change: WebhookChange = try await request.decode()
        try change.check(allowsPrivate: allowsPrivate)
        guard try await store.update(try request.uuid("id", of: "webhook"), principal, change) else {
            throw Problem.notFound("webhook")
        }
        return try await show(request, principal)
    }

    @Sendable private func remove(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try manage(principal)
        guard try await store.delete(try request.uuid("id", of: "webhook"), principal) else {
            throw Problem.notFound("webhook")
        }
        return .noContent
    }

    @Sendable private func rotate(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try manage(principal)
        guard let secret = try await store.rotate(try request.uuid("id", of: "webhook"), principal) else {
            throw Problem.notFound("webhook")
        }
        return try .json(.ok, ["secret": secret.text], headers: ["Cache-Control": "no-store"])
    }

    @Sendable private func deliveries(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let id = try request.uuid("id", of: "webhook")
        guard try await store.one(id, principal) != nil else { throw Problem.notFound("webhook") }
        let limit = try request.pageLimit()
        let found = try await DeliveryStore.page(of: id, after: request.cursor(), limit: limit, on: store.postgres)
        return try .json(.ok, Page(found, limit: limit) { $0.id })
    }

    private func manage(_ principal: Principal) throws {
        guard principal.role.canManage else { throw Problem.forbidden("Webhooks are for admins of the workspace.") }
    }
}
