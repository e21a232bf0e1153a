import Assets
import FoundationEssentials
import Images
import Jobs
import Primitives

/// The parameters of a photo edit's job.
struct PhotoEditJob: Codable, Sendable {
    var edit: PhotoEdit
    /// The name of the new asset's file.
    var filename: String
}

extension MediaWork {
    /// Edits a photograph into a new asset.
    func photoEdit(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        let parameters: PhotoEditJob = try parameters(job)
        guard let userID = job.userID else {
            throw JobFailure("invalid_request", "Nobody owns what would be made.", retriable: false)
        }
        return try await withInput(job) { folder, input, asset in
            let output = folder + "/output"
            let made: MadePicture = try await sandbox.run(
                .edit(input: input, edit: parameters.edit, output: output), .photograph, in: folder,
                for: job.workspaceID)
            context.progress(80)
            let new = NewAsset(
                id: context.derivedID("asset"), workspaceId: job.workspaceID, ownerId: userID,
                projectId: job.projectID, filename: parameters.filename,
                contentType: (parameters.edit.format ?? .jpeg).contentType, kind: "image", width: made.width,
                height: made.height,
                metadata: ["editedFrom": .string(asset.text)])
            try await storage.create(new, from: output)
            return [
                "assetId": .string(new.id.text), "width": .int(Int64(made.width)), "height": .int(Int64(made.height)),
            ]
        }
    }
}
