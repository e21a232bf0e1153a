import FoundationEssentials
import HTTP

/// `/media/{token}/…`: content by a signed link. Open to whoever has the link, for its time.
struct MediaRoutes: Sendable {
    let context: StorageContext

    func add(to routes: inout Router) {
        routes.get("/api/v1/media/{token}/content") { request in
            let grant = try grant(request)
            guard !grant.isRenditionsOnly else { throw Problem.notFound("link") }
            let asset = try await context.assets.get(grant.assetID, workspaceID: grant.workspaceID)
            return try await serve(request, asset.object, grant)
        }
        routes.get("/api/v1/media/{token}/renditions/{name...}") { request in
            let grant = try grant(request)
            let rendition = try await context.renditions.get(
                grant.assetID, request.parameter("name"), workspaceID: grant.workspaceID)
            return try await serve(request, rendition.object, grant)
        }
    }

    private func serve(
        _ request: HTTPRequest, _ object: StoredObject, _ grant: MediaLinks.Grant
    ) async throws -> HTTPResponse {
        let seconds = max(0, Int(grant.expiresAt.timeIntervalSinceNow))
        return try await ContentServer(objects: context.objects).answer(
            request, with: object, cache: "public, max-age=\(seconds), immutable")
    }

    private func grant(_ request: HTTPRequest) throws -> MediaLinks.Grant {
        guard let grant = context.links.grant(try request.parameter("token")) else { throw Problem.notFound("link") }
        return grant
    }
}
