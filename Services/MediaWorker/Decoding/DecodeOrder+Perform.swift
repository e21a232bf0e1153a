import AV
import Execution
import FoundationEssentials
import Images
import Montage
import Primitives

extension DecodeOrder {
    /// Does the task. Blocks.
    func perform(_ interrupt: Interrupt, _ report: @escaping (MediaProgress) -> Void) throws -> JSONValue {
        switch task {
        case .probe(let input, let kind): return try JSONValue(encoding: probe(input, kind, interrupt, report))
        case .thumbnails(let input, let kind, let wanted):
            return try JSONValue(encoding: thumbnails(of: input, kind, wanted, interrupt))
        case .waveform(let input, let json, let png):
            return try JSONValue(encoding: waveform(of: input, json, png, interrupt, report))
        case .transcode(let input, let spec, let output):
            let result = try Transcoder.run(
                FileSource(path: input), spec, to: output, limits: limits.media, interrupt: interrupt, threads: threads,
                onProgress: report)
            return try JSONValue(encoding: result)
        case .hls(let input, let folder):
            let result = try HLSPackager.run(
                FileSource(path: input), into: folder, limits: limits.media, interrupt: interrupt, threads: threads,
                onProgress: report)
            return try JSONValue(encoding: result)
        case .edit(let input, let edit, let output):
            try ImageRuntime.setConcurrency(threads)
            let size = try PhotoEditor.run(edit, on: input, to: output, limits: limits.images)
            return try JSONValue(encoding: MadePicture(width: size.width, height: size.height))
        case .render(let timeline, let inputs, let output, let sheet):
            let renderer = MontageRenderer(limit: .milliseconds(timeLimitMs))
            let film = try renderer.render(
                timeline: timeline, inputs: inputs, output: output,
                progress: { progress in
                    report(
                        MediaProgress(
                            fraction: Double(progress.percent) / 100, etaMs: progress.etaMs.map { Int64($0) }))
                })
            try ContactSheet().draw(film: output, output: sheet)
            return try JSONValue(encoding: film)
        }
    }

    private func thumbnails(
        of input: String, _ kind: DecodeTask.Kind, _ wanted: [DecodeTask.Thumbnail], _ interrupt: Interrupt
    )
        throws -> [MadePicture]
    {
        guard kind != .image else {
            return try wanted.map {
                let size = try Thumbnails.make(
                    of: input, maxSide: $0.maxSide, outputs: $0.outputs, limits: limits.images)
                return MadePicture(width: size.width, height: size.height)
            }
        }
        let largest = wanted.map(\.maxSide).max() ?? 480
        let poster = try PosterFinder.poster(
            of: FileSource(path: input), maxSide: largest, limits: limits.media, interrupt: interrupt)
        let picture = try Picture(rgb: poster.rgb, width: poster.width, height: poster.height)
        return try wanted.map {
            let small = try picture.fitted(maxSide: $0.maxSide)
            for output in $0.outputs { try small.write(to: output.path, as: output.format, quality: output.quality) }
            return MadePicture(width: small.width, height: small.height)
        }
    }

    private func waveform(
        of input: String, _ json: String, _ png: String, _ interrupt: Interrupt,
        _ report: @escaping (MediaProgress) -> Void
    ) throws -> MadeWaveform {
        let waveform = try Waveform(
            of: FileSource(path: input), points: 1000, limits: limits.media, interrupt: interrupt, onProgress: report)
        try JSON.encode(waveform).write(to: URL(filePath: json))
        let drawing = waveform.picture(width: 1200, height: 160)
        try Picture(rgb: drawing.rgb, width: drawing.width, height: drawing.height).write(to: png, as: .png)
        return MadeWaveform(points: waveform.length)
    }
}
