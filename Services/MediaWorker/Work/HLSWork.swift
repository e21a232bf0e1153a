import AV
import Assets
import Jobs
import Primitives

extension MediaWork {
    /// A ladder of streams, stored part by part; the master playlist comes last, so that what is named is there.
    func hls(_ job: Job, _ context: JobContext) async throws -> JSONValue {
        try await withInput(job) { folder, input, asset in
            let progress = WorkProgress(context)
            let made: HLSResult = try await sandbox.run(
                .hls(input: input, folder: folder), .film(limit: filmLimit), in: folder, for: job.workspaceID,
                onProgress: progress.report)
            for (index, file) in made.files.enumerated() {
                try context.checkCancelled()
                let isSegment = file.hasSuffix(".ts")
                let variant = made.variants.first { file.hasPrefix($0.name + "/") }
                let rendition = NewRendition(
                    workspaceId: job.workspaceID, name: "hls/" + file,
                    contentType: isSegment ? "video/mp2t" : "application/vnd.apple.mpegurl", width: variant?.width,
                    height: variant?.height, durationMs: isSegment ? nil : made.durationMs)
                try await storage.create(rendition, of: asset, from: folder + "/" + file)
                WorkProgress(context, 90...99).report(
                    MediaProgress(fraction: Double(index + 1) / Double(made.files.count), etaMs: nil))
            }
            return [
                "master": .string("hls/" + made.master), "files": .int(Int64(made.files.count)),
                "variants": try JSONValue(encoding: made.variants),
            ]
        }
    }
}
