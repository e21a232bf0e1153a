import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// How other services put assets and renditions here: they say what comes, get a URL, and PUT the bytes to it.
struct IntentRoutes: Sendable {
    private let context: StorageContext
    private let intents: IntentStore
    private let urls: SignedURL

    init(context: StorageContext) {
        self.context = context
        intents = IntentStore(postgres: context.platform.postgres)
        urls = SignedURL(secret: context.platform.configuration.serviceSecret, purpose: "storage intent")
    }

    /// The routes for services with their token.
    func add(to routes: inout Router) {
        routes.post("/internal/v1/assets") { try await announceAsset($0) }
        routes.post("/internal/v1/assets/{id}/renditions") { try await announceRendition($0) }
    }

    /// The route for whoever has the URL.
    func addUploads(to routes: inout Router) {
        routes.put("/internal/v1/intents/{id}") { request in
            guard urls.isValid(request) else { throw Problem.notFound("upload") }
            let intent = try await intents.get(request.uuid("id", of: "upload"))
            return try await intent.name == nil ? putAsset(intent, request.body) : putRendition(intent, request.body)
        }
    }

    private struct NewAsset: Decodable {
        let id, workspaceId, ownerId: UUID
        var projectId: UUID?
        let filename, contentType: String
        var kind: MediaKind?
        var origin: Asset.Origin?
        var provider, prompt: String?
        var metadata: JSONValue?
        var width, height: Int?
        var durationMs: Int64?
    }

    private func announceAsset(_ request: HTTPRequest) async throws -> HTTPResponse {
        let new: NewAsset = try await request.decode()
        if let metadata = new.metadata, metadata.objectValue == nil {
            throw Problem.invalid(field: "metadata", reason: "must be an object")
        }
        return try await announce(
            Intent(
                workspaceID: new.workspaceId, assetID: new.id, ownerID: new.ownerId, projectID: new.projectId,
                filename: Filename.clean(new.filename), contentType: new.contentType, kind: new.kind,
                origin: new.origin, provider: new.provider, prompt: new.prompt, metadata: new.metadata,
                width: new.width, height: new.height,
                durationMs: new.durationMs ?? new.metadata?["durationMs"]?.intValue))
    }

    private struct NewRendition: Decodable {
        let workspaceId: UUID
        let name, contentType: String
        var width, height: Int?
        var durationMs: Int64?
    }

    private func announceRendition(_ request: HTTPRequest) async throws -> HTTPResponse {
        let new: NewRendition = try await request.decode()
        guard Rendition.isValid(name: new.name) else {
            throw Problem.invalid(field: "name", reason: "must be a path of plain names")
        }
        let asset = try await context.assets.get(request.uuid("id", of: "asset"), workspaceID: new.workspaceId)
        return try await announce(
            Intent(
                name: new.name, workspaceID: new.workspaceId, assetID: asset.id, contentType: new.contentType,
                width: new.width, height: new.height, durationMs: new.durationMs))
    }

    private func announce(_ intent: Intent) async throws -> HTTPResponse {
        guard intent.contentType.utf8.count <= 200,
            intent.contentType.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), intent.contentType.contains("/")
        else { throw Problem.invalid(field: "contentType", reason: "must be a media type") }
        let id = try await intents.insert(intent)
        let path = urls.sign(.PUT, path: "/internal/v1/intents/\(id.text)", expiresAt: Date() + 6 * 3600)
        return try .json(.created, ["uploadUrl": context.platform.peers.storage + path])
    }

    private func putAsset(_ intent: Intent, _ body: HTTPBody) async throws -> HTTPResponse {
        let filename = intent.filename ?? "file"
        let taken = try await context.intake.take(
            workspaceID: intent.workspaceID, filename: filename, contentType: intent.contentType
        ) { try await $0.append(body) }
        let now = Date()
        let asset = Asset(
            id: intent.assetID, workspaceID: intent.workspaceID, ownerID: intent.ownerID ?? intent.workspaceID,
            projectID: intent.projectID, filename: filename, contentType: intent.contentType,
            kind: intent.kind ?? taken.type.kind, origin: intent.origin ?? .generated, provider: intent.provider,
            prompt: intent.prompt, size: taken.size, sha256: taken.sha256, width: intent.width, height: intent.height,
            durationMs: intent.durationMs, metadata: intent.metadata ?? [:], storageKey: taken.key, createdAt: now,
            updatedAt: now)
        return try await context.intake.name(taken, isKept: { $0.status == .created }) {
            do {
                try await context.platform.postgres.withTransaction { try await context.assets.insert(asset, in: $0) }
                return try .json(.created, asset.view)
            } catch let error as PostgresError where error.isUniqueViolation && error.constraint == "asset_pkey" {
                // The same work done again: the asset that is there stays, and so does whoever has seen it.
                guard let old = try await context.assets.find(asset.id, workspaceID: asset.workspaceID),
                    old.sha256 == asset.sha256
                else {
                    throw Problem.conflict("asset_exists", "There is an asset with this id and another content.")
                }
                return try .json(.ok, old.view)
            }
        }
    }

    private func putRendition(_ intent: Intent, _ body: HTTPBody) async throws -> HTTPResponse {
        let name = intent.name ?? ""
        let taken = try await context.intake.take(
            workspaceID: intent.workspaceID, filename: name, contentType: intent.contentType
        ) { try await $0.append(body) }
        let rendition = Rendition(
            assetID: intent.assetID, workspaceID: intent.workspaceID, name: name, contentType: intent.contentType,
            size: taken.size, sha256: taken.sha256, width: intent.width, height: intent.height,
            durationMs: intent.durationMs, storageKey: taken.key, createdAt: Date())
        return try await context.intake.name(taken, isKept: { $0.status == .created }) {
            let old = try await context.renditions.find(intent.assetID, name, workspaceID: intent.workspaceID)
            if let old, old.sha256 == rendition.sha256 { return try .json(.ok, old.view) }
            try await context.platform.postgres.withTransaction(retries: 3) {
                try await context.renditions.put(rendition, in: $0)
            }
            return try .json(.created, rendition.view)
        }
    }
}
