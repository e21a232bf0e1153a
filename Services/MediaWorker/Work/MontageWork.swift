import Assets
import Film
import FoundationEssentials
import Jobs
import Montage
import Primitives

/// What a montage is asked for: by a workflow's step or by the API.
struct MontageJob: Codable, Sendable {
    var timeline: Timeline
    /// Music that is not yet in the timeline.
    var musicAssetId: String?
    /// The film's name.
    var title: String?
}

extension MediaWork {
    /// Renders a timeline into a new asset, with a contact sheet as its rendition.
    func montage(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        let parameters: MontageJob = try parameters(job)
        var timeline = parameters.timeline
        if let music = parameters.musicAssetId, timeline.music == nil { timeline.music = Music(assetId: music) }
        do { try timeline.validate() } catch {
            throw JobFailure("invalid_timeline", "\(error)", retriable: false)
        }
        guard let userID = job.userID else {
            throw JobFailure("invalid_request", "Nobody owns what would be made.", retriable: false)
        }
        return try await folders.with(job) { [timeline] folder in
            let inputs = try await fetchAll(of: timeline, job, folder)
            let output = folder + "/film.mp4", sheet = folder + "/sheet.jpg"
            let progress = WorkProgress(context, 5...92)
            let film: RenderedFilm = try await sandbox.run(
                .render(timeline: timeline, inputs: inputs, output: output, sheet: sheet), .film(limit: filmLimit),
                in: folder, for: job.workspaceID, onProgress: progress.report)
            let title = parameters.title ?? timeline.title
            let new = NewAsset(
                id: context.derivedID("film"), workspaceId: job.workspaceID, ownerId: userID, projectId: job.projectID,
                filename: Filename.safe(title, extension: "mp4"), contentType: "video/mp4", kind: "video",
                width: film.width, height: film.height, durationMs: Int64(film.durationMs),
                metadata: try JSONValue(encoding: film))
            try await storage.create(new, from: output)
            context.progress(97)
            let rendition = NewRendition(
                workspaceId: job.workspaceID, name: "contact-sheet", contentType: "image/jpeg")
            try await storage.create(rendition, of: new.id, from: sheet)
            return [
                "assetId": .string(new.id.text), "durationMs": .int(Int64(film.durationMs)),
                "width": .int(Int64(film.width)), "height": .int(Int64(film.height)),
                "loudnessLUFS": film.loudness.map { .double($0) } ?? .null,
            ]
        }
    }

    private func fetchAll(of timeline: Timeline, _ job: Job, _ folder: String) async throws -> [String: String] {
        var inputs: [String: String] = [:]
        for (index, name) in timeline.assetIDs.enumerated() {
            guard let id = UUID(uuidString: name) else {
                throw JobFailure("invalid_timeline", "\(name) is no asset id.", retriable: false)
            }
            let path = "\(folder)/input\(index)"
            try await storage.fetch(id, workspaceID: job.workspaceID, to: path, limit: inputLimit)
            inputs[name] = path
        }
        return inputs
    }
}
