import AV
import Assets
import Jobs
import Primitives

extension MediaWork {
    /// A light copy of a film for editing: 540 lines at most.
    func proxy(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        var spec = TranscodeSpec(format: .mp4)
        spec.maxHeight = 540
        spec.maxWidth = 960
        spec.maxFps = 30
        return try await transcode(job, context, spec, name: "proxy")
    }

    /// What a person asked for.
    func transcode(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        let spec: TranscodeSpec = try parameters(job)
        return try await transcode(job, context, spec, name: "transcode-\(job.id.text).\(spec.format.rawValue)")
    }

    private func transcode(_ job: Job, _ context: JobContext, _ spec: TranscodeSpec, name: String) async throws
        -> JSONValue
    {
        try await withInput(job) { folder, input, asset in
            let output = folder + "/output"
            let progress = WorkProgress(context)
            let made: TranscodeResult = try await sandbox.run(
                .transcode(input: input, spec: spec, output: output), .film(limit: filmLimit), in: folder,
                for: job.workspaceID,
                onProgress: progress.report)
            let rendition = NewRendition(
                workspaceId: job.workspaceID, name: name, contentType: spec.format.contentType, width: made.width,
                height: made.height, durationMs: made.durationMs)
            try await storage.create(rendition, of: asset, from: output)
            return [
                "assetId": .string(asset.text), "renditions": [.string(name)], "durationMs": .int(made.durationMs),
                "width": made.width.map { .int(Int64($0)) } ?? .null,
                "height": made.height.map { .int(Int64($0)) } ?? .null,
                "copied": .bool(made.copiedVideo && made.copiedAudio),
            ]
        }
    }
}
