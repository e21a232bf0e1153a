import Assets
import Images
import Jobs
import Primitives

extension MediaWork {
    /// A small and a large picture of an image or a film, each as JPEG and WebP.
    func thumbnail(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        struct Input: Decodable { let kind: DecodeTask.Kind }
        let kind = try parameters(job, as: Input.self).kind
        return try await withInput(job) { folder, input, asset in
            let sizes = [("thumbnail", 480), ("preview", 1600)]
            let wanted = sizes.map { name, side in
                DecodeTask.Thumbnail(
                    maxSide: side,
                    outputs: [PictureFormat.jpeg, .webp].map {
                        Thumbnails.Output(path: "\(folder)/\(name).\($0.fileExtension)", format: $0)
                    })
            }
            let made: [MadePicture] = try await sandbox.run(
                .thumbnails(input: input, kind: kind, wanted: wanted), .picture, in: folder, for: job.workspaceID)
            context.progress(80)
            var names: [JSONValue] = []
            for ((name, _), (picture, thumbnail)) in zip(sizes, zip(made, wanted)) {
                for output in thumbnail.outputs {
                    let rendition = NewRendition(
                        workspaceId: job.workspaceID, name: output.format == .jpeg ? name : "\(name)-webp",
                        contentType: output.format.contentType, width: picture.width, height: picture.height)
                    try await storage.create(rendition, of: asset, from: output.path)
                    names.append(.string(rendition.name))
                }
            }
            return ["renditions": .array(names)]
        }
    }
}
