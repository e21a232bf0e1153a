import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// `/assets`: upload in one piece, list, read, delete, links.
struct AssetRoutes: Sendable {
    let context: StorageContext

    func add(to routes: inout Router) {
        routes.post("/api/v1/assets") { try await create($0) }
        routes.get("/api/v1/assets") { try await list($0) }
        routes.get("/api/v1/assets/{id}") { request in
            let asset = try await asset(request)
            return try .json(.ok, asset.view)
        }
        routes.delete("/api/v1/assets/{id}") { try await delete($0) }
        routes.get("/api/v1/assets/{id}/renditions") { try await renditions($0) }
        routes.post("/api/v1/assets/{id}/links") { try await link($0) }
    }

    private func create(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requireWriter()
        let key = try IdempotencyKey.field(request)
        if let length = request.body.length {
            try await context.usage.check(bytes: length, workspaceID: principal.workspaceID)
        }
        var form = OneShotForm(request)
        // The name tells kinds of text apart, and stands in the query or before the file.
        let hint = Filename.clean(request.query["filename"])
        let taken = try await context.intake.take(workspaceID: principal.workspaceID, filename: hint) {
            try await form.read(into: $0)
        }
        return try await context.intake.name(taken, isKept: { !$0.headers.contains("Idempotency-Replayed") }) {
            let now = Date()
            let asset = Asset(
                id: UUID.v7(), workspaceID: principal.workspaceID, ownerID: principal.userID,
                projectID: try form.projectID, filename: form.filename, contentType: taken.type.contentType,
                kind: taken.type.kind, origin: .upload, size: taken.size, sha256: taken.sha256, metadata: [:],
                storageKey: taken.key, createdAt: now, updatedAt: now)
            let claim = key.map {
                IdempotencyKey(
                    $0, request, principal,
                    fingerprint: taken.sha256 + Data("\(asset.filename)\n\(asset.projectID?.text ?? "")".utf8))
            }
            return try await Idempotency.perform(claim, on: context.platform.postgres) { tx in
                try await context.assets.insert(asset, in: tx)
                return try .json(.created, asset.view, headers: ["Location": "/api/v1/assets/\(asset.id.text)"])
            }
        }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requirePrincipal()
        let limit = try request.pageLimit()
        var filter = AssetStore.Filter()
        if let text = request.query["projectId"] {
            guard let id = UUID(uuidString: text) else {
                throw Problem.invalid(field: "projectId", reason: "must be a UUID")
            }
            filter.projectID = id
        }
        if let text = request.query["kind"] {
            guard let kind = MediaKind(rawValue: text) else {
                throw Problem.invalid(field: "kind", reason: "must be image, video, audio, text or other")
            }
            filter.kind = kind
        }
        if let text = request.query["cursor"] { filter.after = try Self.position(text) }
        let found = try await context.assets.list(workspaceID: principal.workspaceID, filter, limit: limit + 1)
        return try .json(.ok, Page(found, limit: limit, cursor: Self.cursor, view: { $0.view }))
    }

    private func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requireWriter()
        let id = try request.uuid("id", of: "asset")
        let wasThere = try await context.platform.postgres.withTransaction {
            try await context.assets.delete(id, workspaceID: principal.workspaceID, in: $0)
        }
        guard wasThere else { throw Problem.notFound("asset") }
        return .noContent
    }

    private func renditions(_ request: HTTPRequest) async throws -> HTTPResponse {
        let asset = try await asset(request)
        let limit = try request.pageLimit()
        let found = try await context.renditions.list(
            asset.id, workspaceID: asset.workspaceID, after: request.query["cursor"] ?? "", limit: limit + 1)
        return try .json(.ok, Page(found, limit: limit, cursor: \.name, view: { $0.view }))
    }

    private struct LinkRequest: Decodable {
        var rendition: String?
        var expiresInSeconds: Int?
    }

    private struct Link: Encodable {
        let url: String
        let expiresAt: Date
    }

    /// A link that opens in a browser, without a token.
    private func link(_ request: HTTPRequest) async throws -> HTTPResponse {
        let asset = try await asset(request)
        let wanted = request.body.isEmpty ? LinkRequest() : try await request.decode(LinkRequest.self)
        let seconds = wanted.expiresInSeconds ?? 86_400
        guard (60...604_800).contains(seconds) else {
            throw Problem.invalid(field: "expiresInSeconds", reason: "must be from 60 to 604800")
        }
        var path = "content"
        if let name = wanted.rendition {
            _ = try await context.renditions.get(asset.id, name, workspaceID: asset.workspaceID)
            path = "renditions/\(name)"
        }
        let grant = MediaLinks.Grant(
            assetID: asset.id, workspaceID: asset.workspaceID, expiresAt: Date() + Double(seconds),
            isRenditionsOnly: wanted.rendition != nil)
        let url = "\(context.platform.peers.publicURL)/api/v1/media/\(context.links.token(grant))/\(path)"
        return try .json(.created, Link(url: url, expiresAt: grant.expiresAt))
    }

    private func asset(_ request: HTTPRequest) async throws -> Asset {
        let principal = try request.requirePrincipal()
        return try await context.assets.get(request.uuid("id", of: "asset"), workspaceID: principal.workspaceID)
    }

    private static func cursor(_ asset: Asset) -> String {
        Data("\(asset.createdAt.timeIntervalSince1970) \(asset.id.text)".utf8).base64URL
    }

    private static func position(_ cursor: String) throws -> (Date, UUID) {
        let parts = Data(base64URL: cursor).map { String(decoding: $0, as: UTF8.self).split(separator: " ") } ?? []
        guard parts.count == 2, let seconds = Double(parts[0]), let id = UUID(uuidString: String(parts[1])) else {
            throw Problem.invalid(field: "cursor", reason: "is not one that was given")
        }
        return (Date(timeIntervalSince1970: seconds), id)
    }
}

extension HTTPRequest {
    /// Who makes the request, where they may change things.
    func requireWriter() throws -> Principal {
        let principal = try requirePrincipal()
        guard principal.role.canWrite else { throw Problem.forbidden("Your role may only read.") }
        return principal
    }
}
