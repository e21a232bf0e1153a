import Auth
import HTTP

/// `/assets/{id}/content` and `/assets/{id}/renditions/{name}` for people with a token.
struct ContentRoutes: Sendable {
    let context: StorageContext

    func add(to routes: inout Router) {
        let server = ContentServer(objects: context.objects)
        routes.get("/api/v1/assets/{id}/content") { request in
            let principal = try request.requirePrincipal()
            let asset = try await context.assets.get(
                request.uuid("id", of: "asset"), workspaceID: principal.workspaceID)
            return try await server.answer(request, with: asset.object)
        }
        routes.get("/api/v1/assets/{id}/renditions/{name...}") { request in
            let principal = try request.requirePrincipal()
            let rendition = try await context.renditions.get(
                request.uuid("id", of: "asset"), request.parameter("name"), workspaceID: principal.workspaceID)
            return try await server.answer(request, with: rendition.object)
        }
    }
}
