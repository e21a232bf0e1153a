import Assets
import Auth
import Events
import FoundationEssentials
import HTTP
import Jobs
import Postgres
import Primitives
import ServiceKit

/// The routes by which people ask for work. Each answers with a job.
struct MediaRoutes: Sendable {
    let tokens: TokenVerifier
    let postgres: PostgresClient
    let store: JobStore
    let storage: AssetClient

    var router: Router {
        var routes = Router()
        routes.post("/api/v1/assets/{id}/photo-edits", tokens.authenticated(createPhotoEdit))
        routes.post("/api/v1/assets/{id}/transcodes", tokens.authenticated(createTranscode))
        routes.post("/api/v1/videos/render", tokens.authenticated(createRender))
        return routes
    }

    /// The asset of the path, if it is the workspace's and of the right kind.
    func asset(_ request: HTTPRequest, _ principal: Principal, kinds: Set<String>) async throws -> StoredAsset {
        guard let id = request.parameters["id"].flatMap({ UUID(uuidString: $0) }),
            let asset = try await find(id, principal)
        else { throw Problem.notFound("asset") }
        guard kinds.contains(asset.kind) else {
            throw Problem(
                .unprocessableContent, code: "wrong_kind",
                detail: "This cannot be done with an asset of kind \(asset.kind).")
        }
        return asset
    }

    func find(_ id: UUID, _ principal: Principal) async throws -> StoredAsset? {
        do { return try await storage.asset(id, workspaceID: principal.workspaceID) } catch is JobFailure {
            throw Problem.unavailable("Storage is away. Try again soon.")
        }
    }

    func requireWriter(_ principal: Principal) throws {
        guard principal.role.canWrite else { throw Problem.forbidden("Your role may not change content.") }
    }

    /// Adds a job, once for each `Idempotency-Key`, and answers with it.
    func enqueue(_ job: JobRequest, _ key: IdempotencyKey?) async throws -> HTTPResponse {
        try await Idempotency.perform(key, on: postgres) { tx in
            guard let job = try await store.enqueue(job, in: tx) else { throw Problem.internalError }
            return try JobView(job, worker: .mediaWorker).accepted()
        }
    }
}
