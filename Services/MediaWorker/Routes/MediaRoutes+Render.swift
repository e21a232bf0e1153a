import Auth
import Film
import FoundationEssentials
import HTTP
import Jobs
import Primitives
import ServiceKit

extension MediaRoutes {
    private struct NewRender: Decodable {
        let timeline: Timeline
        let projectId: UUID?
        let title: String?
    }

    /// `POST /videos/render`: 202 with a job that ends in a film, which is a new asset.
    func createRender(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let new = try await request.decode(NewRender.self)
        let problems = new.timeline.problems
        if !problems.isEmpty {
            throw Problem.invalid(problems.map { (field: "timeline.\($0.path)", reason: $0.reason) })
        }
        for name in new.timeline.assetIDs {
            guard let id = UUID(uuidString: name) else {
                throw Problem.invalid(field: "timeline", reason: "names \(name.prefix(64)), which is no asset id")
            }
            guard try await find(id, principal) != nil else { throw Problem.notFound("asset \(id.text)") }
        }
        let payload = MontageJob(timeline: new.timeline, title: new.title)
        return try await enqueue(
            JobRequest(
                kind: WorkKind.montage.rawValue, workspaceID: principal.workspaceID, userID: principal.userID,
                projectID: new.projectId, payload: try JSONValue(encoding: payload), priority: WorkKind.montage.priority
            ), key)
    }
}
