import AV
import Assets
import Auth
import HTTP
import Jobs
import Primitives
import ServiceKit

extension MediaRoutes {
    /// `POST /assets/{id}/transcodes`: 202 with a job that ends in a rendition of the asset.
    func createTranscode(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let spec = try await request.decode(TranscodeSpec.self)
        let faults = spec.faults
        if !faults.isEmpty { throw Problem.invalid(faults.map { (field: $0.field, reason: $0.reason) }) }
        let asset = try await asset(request, principal, kinds: ["video", "audio"])
        if asset.kind == "audio", spec.format.isVideo {
            throw Problem.invalid(field: "format", reason: "must be a format of sound: the asset has no pictures")
        }
        if let duration = asset.durationMs, let start = spec.startMs, start >= duration {
            throw Problem.invalid(field: "startMs", reason: "must be before the end, at \(duration)")
        }
        return try await enqueue(
            JobRequest(
                kind: WorkKind.transcode.rawValue, workspaceID: principal.workspaceID, userID: principal.userID,
                projectID: asset.projectId, assetID: asset.id, payload: try JSONValue(encoding: spec),
                priority: WorkKind.transcode.priority), key)
    }
}
