import Assets
import Auth
import FoundationEssentials
import HTTP
import Images
import Jobs
import Primitives
import ServiceKit

extension MediaRoutes {
    private struct NewPhotoEdit: Decodable {
        let operations: [PhotoOperation]
        let format: PictureFormat?
        let quality: Int?
        let filename: String?
    }

    /// `POST /assets/{id}/photo-edits`: 202 with a job that ends in a new asset.
    func createPhotoEdit(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let new = try await request.decode(NewPhotoEdit.self)
        let asset = try await asset(request, principal, kinds: ["image"])
        let edit = PhotoEdit(operations: new.operations, format: new.format, quality: new.quality)
        let faults = edit.faults(width: asset.width, height: asset.height)
        if !faults.isEmpty { throw Problem.invalid(faults.map { (field: $0.field, reason: $0.reason) }) }
        let suffix = (new.format ?? .jpeg).fileExtension
        let filename =
            new.filename.map { Filename.safe($0, extension: suffix) }
            ?? Filename.derived(from: asset.filename, "edited", extension: suffix)
        return try await enqueue(
            JobRequest(
                kind: WorkKind.photoEdit.rawValue, workspaceID: principal.workspaceID, userID: principal.userID,
                projectID: asset.projectId, assetID: asset.id,
                payload: try JSONValue(encoding: PhotoEditJob(edit: edit, filename: filename)),
                priority: WorkKind.photoEdit.priority), key)
    }
}
