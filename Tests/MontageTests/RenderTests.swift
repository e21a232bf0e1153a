import AV
import Execution
import Film
import FoundationEssentials
import Montage
import Synchronization
import TestKit
import Testing

/// A film rendered once, which several tests look at.
private let sample = Result {
    let film = try SampleFilm()
    let made = try MontageRenderer(threads: 2).render(
        timeline: film.timeline, inputs: film.inputs, output: film.output)
    return (film: film, made: made)
}

@Suite("Rendered film") struct RenderTests {
    @Test("H.264 High, yuv420p, BT.709, 30 fps, AAC stereo at 48 kHz, exactly as long as the timeline")
    func format() throws {
        let (film, made) = try sample.get()
        let probe = try Command.run(
            "ffprobe", ["-v", "error", "-show_streams", "-show_format", "-of", "flat", film.output])
        for wanted in [
            "streams.stream.0.codec_name=\"h264\"", "streams.stream.0.profile=\"High\"",
            "streams.stream.0.pix_fmt=\"yuv420p\"", "streams.stream.0.color_space=\"bt709\"",
            "streams.stream.0.color_transfer=\"bt709\"", "streams.stream.0.color_primaries=\"bt709\"",
            "streams.stream.0.color_range=\"tv\"", "streams.stream.0.r_frame_rate=\"30/1\"",
            "streams.stream.0.nb_frames=\"360\"", "streams.stream.1.codec_name=\"aac\"",
            "streams.stream.1.sample_rate=\"48000\"", "streams.stream.1.channels=2",
            "format.tags.title=\"One Quiet Hour\"", "format.duration=\"12.0",
        ] { #expect(probe.contains(wanted), "\(wanted)") }
        #expect(made.frames == 360 && made.durationMs == 12_000)
    }

    @Test("The index comes first, key frames at most two seconds apart")
    func structure() throws {
        let (film, _) = try sample.get()
        let data = try Data(contentsOf: URL(filePath: film.output))
        let index = try #require(data.firstRange(of: Data("moov".utf8)))
        let media = try #require(data.firstRange(of: Data("mdat".utf8)))
        #expect(index.lowerBound < media.lowerBound)
        let times = try Command.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "v", "-skip_frame", "nokey", "-show_entries", "frame=pts_time",
                "-of", "csv=p=0", film.output,
            ]
        ).split(whereSeparator: { $0.isNewline || $0 == "," }).compactMap { Double($0) }
        #expect(times.first == 0)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= 2.01 })
    }

    @Test("−14 LUFS, true peak below −1 dBTP, as ffmpeg hears the finished file")
    func loudness() throws {
        let (film, made) = try sample.get()
        let report = try Command.run(
            "ffmpeg", ["-nostats", "-i", film.output, "-af", "ebur128=peak=true", "-f", "null", "-"])
        // The summary comes last.
        let numbers = report.split(whereSeparator: \.isWhitespace)
        let loudness = try #require(numbers.lastIndex(of: "I:"))
        let truePeak = try #require(numbers.lastIndex(of: "Peak:"))
        let integrated = try #require(Double(numbers[loudness + 1]))
        let peak = try #require(Double(numbers[truePeak + 1]))
        #expect(abs(integrated + 14) < 0.5)
        #expect(peak <= -1)
        let before = try #require(made.loudness)
        #expect(abs(before + 14) < 0.2)
    }

    @Test("No black, no frozen and no silent stretch")
    func neverEmpty() throws {
        let (film, _) = try sample.get()
        let report = try Command.run(
            "ffmpeg",
            [
                "-nostats", "-i", film.output, "-vf", "blackdetect=d=0.03:pix_th=0.10,freezedetect=n=-60dB:d=0.7",
                "-af", "silencedetect=n=-50dB:d=0.8", "-f", "null", "-",
            ])
        #expect(!report.contains("black_start"))
        #expect(!report.contains("freeze_start"))
        #expect(!report.contains("silence_start"))
    }

    @Test("Captions stand in the picture when they should, and only then")
    func captions() throws {
        let (film, _) = try sample.get()
        var without = film.timeline
        without.burnCaptions = false
        let plain = film.folder.file("plain.mp4")
        try MontageRenderer(threads: 2).render(timeline: without, inputs: film.inputs, output: plain)
        // Difference of the lower middle of the picture, frame by frame.
        let report = try Command.run(
            "ffmpeg",
            [
                "-nostats", "-i", film.output, "-i", plain, "-filter_complex",
                "[0:v]crop=200:50:220:300[a];[1:v]crop=200:50:220:300[b];[a][b]psnr=stats_file=-", "-f", "null", "-",
            ])
        let differs = report.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("n:") }.map { line in
            // The plate changes everything below it; noise of the encoder does not.
            let value = line.split(separator: " ").first { $0.hasPrefix("psnr_avg:") }?.dropFirst(9)
            return (value.flatMap { Double($0) } ?? 100) < 24
        }
        #expect(differs.count == 360)
        for cue in film.timeline.captions {
            let first = cue.startMs * 30 / 1000
            let last = cue.endMs * 30 / 1000
            #expect(!differs[first - 2] && differs[first + 4] && differs[(first + last) / 2])
            #expect(differs[last - 5] && !differs[last + 1])
        }
    }

    @Test("The same inputs give the same bytes", arguments: [384, 426])
    func deterministic(width: Int) throws {
        let film = try SampleFilm(width: width, height: 240)
        let renderer = MontageRenderer(threads: 2)
        var files: [Data] = []
        for name in ["a.mp4", "b.mp4"] {
            try renderer.render(timeline: film.timeline, inputs: film.inputs, output: film.folder.file(name))
            files.append(try Data(contentsOf: URL(filePath: film.folder.file(name))))
        }
        #expect(files[0] == files[1])
    }

    @Test("Every shape is filled", arguments: [(360, 640), (360, 360)])
    func shapes(width: Int, height: Int) throws {
        let film = try SampleFilm(width: width, height: height)
        try MontageRenderer(threads: 2).render(timeline: film.timeline, inputs: film.inputs, output: film.output)
        // No bars: nothing to crop away.
        let report = try Command.run(
            "ffmpeg",
            [
                "-nostats", "-ss", "4", "-t", "3", "-i", film.output, "-vf", "cropdetect=limit=30:round=2", "-f",
                "null", "-",
            ])
        #expect(report.contains("crop=\(width):\(height):0:0"))
    }

    @Test("A preview is small, and as long as the film")
    func preview() throws {
        let film = try SampleFilm(width: 1920, height: 1080)
        let made = try MontageRenderer(threads: 2).preview(
            timeline: film.timeline, inputs: film.inputs, output: film.output)
        #expect(made.width == 640 && made.height == 360 && made.durationMs == 12_000)
    }

    @Test("Progress rises to a hundred with an estimate")
    func progress() throws {
        let film = try SampleFilm(width: 240, height: 240)
        var seen: [RenderProgress] = []
        try MontageRenderer(threads: 1).render(
            timeline: film.timeline, inputs: film.inputs, output: film.output, progress: { seen.append($0) })
        #expect(seen.last?.percent == 100 && seen.last?.etaMs == 0)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.percent < $1.percent })
        #expect(seen.dropFirst(20).allSatisfy { $0.etaMs != nil })
    }

    @Test("A cancelled render ends and leaves no file")
    func cancel() throws {
        let film = try SampleFilm(width: 240, height: 240)
        let flag = CancellationFlag()
        #expect(throws: CancellationError.self) {
            try MontageRenderer(threads: 1).render(
                timeline: film.timeline, inputs: film.inputs, output: film.output,
                progress: { if $0.percent > 20 { flag.cancel() } }, cancel: flag)
        }
        #expect(!film.folder.contents.contains("film.mp4"))
    }
}

@Suite("Films that cannot be made") struct RenderFaultTests {
    @Test("A timeline that is wrong is refused before anything is read")
    func timeline() throws {
        var film = try SampleFilm()
        film.timeline.scenes[1].visual.endMs = nil
        #expect(throws: TimelineError.self) {
            try MontageRenderer().render(timeline: film.timeline, inputs: [:], output: film.output)
        }
    }

    @Test(
        "An asset without a file, and files that are not what they should be, are named",
        arguments: ["clip", "photo", "v2", "music"])
    func faults(asset: String) throws {
        let film = try SampleFilm(width: 240, height: 240)
        var inputs = film.inputs
        inputs[asset] = nil
        let missing = #expect(throws: MontageError.self) {
            try MontageRenderer().render(timeline: film.timeline, inputs: inputs, output: film.output)
        }
        #expect(missing?.assetID == asset)
        // A playlist in disguise is no media, and nothing that it names is opened.
        let disguise = film.folder.file("disguise")
        try Data("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n".utf8).write(to: URL(filePath: disguise))
        inputs[asset] = disguise
        let wrong = #expect(throws: MontageError.self) {
            try MontageRenderer().render(timeline: film.timeline, inputs: inputs, output: film.output)
        }
        #expect(wrong?.assetID == asset && wrong?.code == .unsupportedFormat)
        #expect(!film.folder.contents.contains("film.mp4"))
    }

    @Test("A limit of time ends a render")
    func limit() throws {
        let film = try SampleFilm()
        #expect(throws: MediaError.self) {
            try MontageRenderer(threads: 1, limit: .zero).render(
                timeline: film.timeline, inputs: film.inputs, output: film.output)
        }
    }
}
