import AV
import Images

extension DecodeOrder {
    /// Loudness is measured where that takes moments.
    private static let loudnessLimitMs: Int64 = 20 * 60_000

    /// What an input is. A picture's header tells; of film and sound something is decoded, takes and loudness are found.
    func probe(
        _ input: String, _ kind: DecodeTask.Kind, _ interrupt: Interrupt, _ report: @escaping (MediaProgress) -> Void
    ) throws -> ProbeResult {
        if kind == .image { return ProbeResult(image: try ImageProbe.probe(path: input, limits: limits.images)) }
        var info = try MediaProbe.probe(FileSource(path: input), limits: limits.media, interrupt: interrupt)
        if info.audioCodec != nil, (info.durationMs ?? .max) <= Self.loudnessLimitMs {
            info.loudness = try lenient {
                try MediaProbe.probe(
                    FileSource(path: input), limits: limits.media, interrupt: interrupt, loudness: true
                ).loudness
            }
        }
        if info.kind == .video {
            info.shots = try lenient {
                try ShotDetector().shots(
                    of: FileSource(path: input), limits: limits.media, interrupt: interrupt, onProgress: report)
            }
        }
        return ProbeResult(media: info)
    }

    /// A file whose middle is damaged is still described by its beginning.
    private func lenient<T>(_ body: () throws -> T?) throws -> T? {
        do { return try body() } catch let error as MediaError where error.code == .damaged { return nil }
    }
}
