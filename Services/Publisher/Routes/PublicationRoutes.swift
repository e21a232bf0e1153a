import Assets
import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// `/publish`, `/publications`, `/calendar`.
struct PublicationRoutes: Sendable {
    let publications: PublicationTable
    let accounts: AccountTable
    let assets: any AssetSource
    let postgres: PostgresClient
    let tokens: TokenVerifier
    let wake: @Sendable () -> Void

    func add(to routes: inout Router) {
        routes.post("/api/v1/publish", tokens.authenticated(publish))
        routes.get("/api/v1/publications", tokens.authenticated(list))
        routes.get("/api/v1/publications/{id}", tokens.authenticated(read))
        routes.post("/api/v1/publications/{id}/cancel", tokens.authenticated(cancel))
        routes.get("/api/v1/calendar", tokens.authenticated(calendar))
    }

    private func publish(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try Self.check(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let wanted = try await request.decode(PublishRequest.self)
        try wanted.check(now: Date())
        let found = try await accounts.find(wanted.accountIds, workspaceID: principal.workspaceID)
        guard found.count == wanted.accountIds.count else { throw Problem.notFound("social account") }
        if let lost = found.first(where: { $0.status != "active" }) {
            throw Problem.conflict("account_disconnected", "\(lost.username) has to be connected again.")
        }
        guard let asset = try await info(wanted.assetId, principal) else { throw Problem.notFound("asset") }
        let new = NewPublication(
            id: .v7(), workspaceID: principal.workspaceID, userID: principal.userID,
            projectID: wanted.projectId ?? asset.projectId, runID: nil, assetID: wanted.assetId,
            caption: wanted.caption ?? "", publishAt: max(wanted.publishAt ?? Date(), Date()), accounts: found)
        let response = try await Idempotency.perform(key, on: postgres) { tx in
            try await publications.create(new, in: tx)
            let shown = Publication(
                id: new.id, assetId: new.assetID, projectId: new.projectID, runId: nil, caption: new.caption,
                status: .scheduled, publishAt: new.publishAt, createdAt: Date(), updatedAt: Date(),
                targets: found.map {
                    PublicationTarget(
                        accountId: $0.id, platform: $0.platform, status: .pending, postId: nil, postUrl: nil, error: nil
                    )
                })
            return try .json(.accepted, shown, headers: ["Location": "/api/v1/publications/\(new.id.text)"])
        }
        wake()
        return response
    }

    private func info(_ id: UUID, _ principal: Principal) async throws -> StoredAsset? {
        do { return try await assets.asset(id, workspaceID: principal.workspaceID) } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw Problem.unavailable("The asset cannot be looked up now.")
        }
    }

    private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        if let status = request.query["status"], PublicationStatus(rawValue: status) == nil {
            throw Problem.invalid(field: "status", reason: "is no status of a publication")
        }
        let found = try await publications.list(
            workspaceID: principal.workspaceID, projectID: try request.query.uuid("projectId"),
            status: request.query["status"], limit: limit + 1, after: try request.query.uuid("cursor"))
        return try .json(.ok, Page(found, limit: limit) { $0.id.text })
    }

    private func read(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let id = try request.uuid("id", of: "publication")
        guard let found = try await publications.find(id, workspaceID: principal.workspaceID) else {
            throw Problem.notFound("publication")
        }
        return try .json(.ok, found)
    }

    private func cancel(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try Self.check(principal)
        let id = try request.uuid("id", of: "publication")
        switch try await publications.cancel(id, workspaceID: principal.workspaceID) {
        case nil: throw Problem.notFound("publication")
        case false: throw Problem.conflict("already_publishing", "The publication has begun and cannot be taken back.")
        default: return try await read(request, principal)
        }
    }

    private func calendar(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let from = try Self.date(request, "from") ?? Date() - 30 * 86_400
        let to = try Self.date(request, "to") ?? from + 62 * 86_400
        guard from < to, to.timeIntervalSince(from) <= NewPublication.horizon else {
            throw Problem.invalid(field: "to", reason: "must be after from, by a year at most")
        }
        let found = try await publications.calendar(
            workspaceID: principal.workspaceID, from: from, to: to, limit: limit + 1,
            after: try request.query.uuid("cursor"))
        return try .json(.ok, Page(found, limit: limit) { $0.id.text })
    }

    private static func date(_ request: HTTPRequest, _ name: String) throws -> Date? {
        guard let text = request.query[name] else { return nil }
        guard let date = Date(rfc3339: text) else {
            throw Problem.invalid(field: name, reason: "must be a time as in 2026-01-31T09:00:00Z")
        }
        return date
    }

    private static func check(_ principal: Principal) throws {
        guard principal.role.canPublish else { throw Problem.forbidden("Your role may not publish.") }
    }
}
