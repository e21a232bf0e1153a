import Assets
import Jobs
import Primitives

extension MediaWork {
    /// The peaks of a sound as JSON and as a picture; nothing where a film is silent.
    func waveform(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        try await withInput(job) { folder, input, asset in
            let json = folder + "/waveform.json", png = folder + "/waveform.png"
            let progress = WorkProgress(context)
            do {
                let _: MadeWaveform = try await sandbox.run(
                    .waveform(input: input, json: json, png: png), .sound, in: folder, for: job.workspaceID,
                    onProgress: progress.report)
            } catch let failure as JobFailure where failure.code == "invalid_request" {
                return ["renditions": [], "skipped": .string(failure.message)]
            }
            let files = [("waveform", json, "application/json"), ("waveform-png", png, "image/png")]
            for (name, path, type) in files {
                let rendition = NewRendition(workspaceId: job.workspaceID, name: name, contentType: type)
                try await storage.create(rendition, of: asset, from: path)
            }
            return ["renditions": .array(files.map { .string($0.0) })]
        }
    }
}
