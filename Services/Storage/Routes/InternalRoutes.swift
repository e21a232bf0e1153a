import FoundationEssentials
import HTTP
import ObjectStore
import Primitives
import ServiceKit

/// `/internal/v1/assets/{id}`: what the other services of the fleet ask for.
struct InternalRoutes: Sendable {
    let context: StorageContext

    func add(to routes: inout Router) {
        routes.get("/internal/v1/assets/{id}") { request in
            guard let text = request.query["workspaceId"], let workspace = UUID(uuidString: text) else {
                throw Problem.invalid(field: "workspaceId", reason: "must be a UUID")
            }
            let asset = try await context.assets.get(request.uuid("id", of: "asset"), workspaceID: workspace)
            return try .json(.ok, asset.view)
        }
        routes.patch("/internal/v1/assets/{id}") { try await change($0) }
        routes.post("/internal/v1/assets/{id}/url") { try await url($0) }
    }

    private struct Change: Decodable {
        let workspaceId: UUID
        var width, height: Int?
        var durationMs: Int64?
        var metadata: JSONValue?
    }

    private func change(_ request: HTTPRequest) async throws -> HTTPResponse {
        let change: Change = try await request.decode()
        if let metadata = change.metadata, metadata.objectValue == nil {
            throw Problem.invalid(field: "metadata", reason: "must be an object")
        }
        let asset = try await context.assets.update(
            request.uuid("id", of: "asset"), workspaceID: change.workspaceId,
            AssetStore.Change(
                width: change.width, height: change.height, durationMs: change.durationMs, metadata: change.metadata))
        guard let asset else { throw Problem.notFound("asset") }
        return try .json(.ok, asset.view)
    }

    private struct Wanted: Decodable {
        let workspaceId: UUID
        var rendition: String?
    }

    private struct Address: Encodable {
        let url, filename, contentType: String
        let size: Int64
        let expiresAt: Date
    }

    /// A URL that can be read in parts, without a token, for six hours: of the object store itself where it can make one.
    private func url(_ request: HTTPRequest) async throws -> HTTPResponse {
        let wanted: Wanted = try await request.decode()
        let id = try request.uuid("id", of: "asset")
        let asset = try await context.assets.get(id, workspaceID: wanted.workspaceId)
        var object = asset.object
        var path = "content"
        if let name = wanted.rendition {
            object = try await context.renditions.get(id, name, workspaceID: wanted.workspaceId).object
            path = "renditions/\(name)"
        }
        let lifetime: Duration = .seconds(6 * 3600)
        let expiry = Date() + lifetime.seconds
        let signed = try context.objects.presignedURL(
            object.key, lifetime: lifetime, contentType: object.contentType, disposition: nil)
        let grant = MediaLinks.Grant(
            assetID: id, workspaceID: wanted.workspaceId, expiresAt: expiry, isRenditionsOnly: wanted.rendition != nil)
        let own = "\(context.platform.peers.storage)/api/v1/media/\(context.links.token(grant))/\(path)"
        return try .json(
            .ok,
            Address(
                url: signed ?? own, filename: object.filename, contentType: object.contentType, size: object.size,
                expiresAt: expiry))
    }
}
