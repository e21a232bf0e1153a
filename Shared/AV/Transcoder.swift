internal import CLibAV

/// Makes another file of a file. Streams that the target takes as they are, are copied.
public enum Transcoder {
    /// - Parameters:
    ///   - path: the file to write; on failure the caller removes it.
    ///   - threads: threads of the encoder.
    ///   - onProgress: called on this thread a few times a second.
    /// - Throws: ``MediaError``, ``TranscodeSpec/Fault``, `CancellationError`.
    public static func run(
        _ source: any ByteSource, _ spec: TranscodeSpec, to path: String, limits: MediaLimits = MediaLimits(),
        interrupt: Interrupt = Interrupt(), threads: Int = 2, onProgress: @escaping (MediaProgress) -> Void = { _ in }
    ) throws -> TranscodeResult {
        if let fault = spec.faults.first { throw fault }
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        if let duration = demuxer.durationMs, duration > limits.maxDurationMs {
            throw MediaError(.tooLong, "\(duration) ms, over the limit of \(limits.maxDurationMs) ms")
        }
        let work = try TranscodeWork(demuxer, spec, path, limits, interrupt, threads)
        return try work.run(onProgress)
    }
}

/// One transcode. Used from one thread.
private final class TranscodeWork {
    private let demuxer: Demuxer
    private let spec: TranscodeSpec
    private let muxer: Muxer
    /// The part that is taken, in 1/90000 s.
    private let range: Range<Int64>
    private var pictures: (chain: VideoChain, track: PictureTrack)?
    private var sound: SoundTrack?
    private var copies: [CopiedTrack] = []
    private var size: (width: Int, height: Int)?
    private var copied = (video: false, audio: false)

    init(
        _ demuxer: Demuxer, _ spec: TranscodeSpec, _ path: String, _ limits: MediaLimits, _ interrupt: Interrupt,
        _ threads: Int
    ) throws {
        self.demuxer = demuxer
        self.spec = spec
        muxer = try Muxer(path: path, format: spec.format.container, interrupt: interrupt)
        let end = spec.endMs ?? limits.maxDurationMs
        if let duration = demuxer.durationMs, let start = spec.startMs, start >= duration {
            throw MediaError(.invalidRequest, "startMs is after the end, at \(duration) ms")
        }
        range = (spec.startMs ?? 0) * 90..<max(end, (spec.startMs ?? 0) + 1) * 90
        if spec.format.isVideo, let stream = demuxer.best(AVMEDIA_TYPE_VIDEO) {
            try addVideo(stream, limits, threads)
        }
        if spec.mute != true, let stream = demuxer.bestAudio { try addAudio(stream, limits) }
        guard pictures != nil || sound != nil || !copies.isEmpty else {
            throw MediaError(.invalidRequest, "nothing in it that \(spec.format.rawValue) can hold")
        }
    }

    private func addVideo(_ stream: Int, _ limits: MediaLimits, _ threads: Int) throws {
        let codec = codecName(stream)
        let upright = UprightSize(demuxer.stream(stream).pointee, rotation: demuxer.rotation(of: stream))
        if !spec.changesPictures, spec.format.copiedVideo.contains(codec), isCommon(stream) {
            copies.append(try CopiedTrack(demuxer, stream: stream, to: muxer))
            size = (upright.width, upright.height)
            copied.video = true
            return
        }
        let chain = try VideoChain(demuxer, stream: stream, limits: limits, threads: threads)
        let fitted = upright.fitted(maxWidth: spec.maxWidth, maxHeight: spec.maxHeight)
        var settings = PictureTrack.Settings(width: fitted.width, height: fitted.height)
        settings.codec = spec.format.videoCodec ?? "libx264"
        settings.maxFps = spec.maxFps
        settings.bitRate = spec.videoBitRate
        settings.threads = threads
        let track = try PictureTrack(settings, frameRate: chain.frameRate, globalHeader: muxer.wantsGlobalHeader)
        try track.track.add(to: muxer)
        pictures = (chain, track)
        size = fitted
    }

    private func addAudio(_ stream: Int, _ limits: MediaLimits) throws {
        let channels = Int(demuxer.stream(stream).pointee.codecpar.pointee.ch_layout.nb_channels)
        let mayCopy = !spec.isTrimmed && spec.audioBitRate == nil && (!spec.format.isVideo || channels <= 2)
        if mayCopy, spec.format.copiedAudio.contains(codecName(stream)) {
            copies.append(try CopiedTrack(demuxer, stream: stream, to: muxer))
            copied.audio = true
            return
        }
        var settings = Encoder.Audio()
        settings.codec = spec.format.audioCodec
        settings.channels = max(1, min(2, channels))
        let isLossless = spec.format == .wav || spec.format == .flac
        settings.bitRate = isLossless ? nil : (spec.audioBitRate ?? 80_000 * Int64(settings.channels))
        let track = try SoundTrack(
            demuxer, stream: stream, settings: settings, range: range, limits: limits,
            globalHeader: muxer.wantsGlobalHeader)
        try track.track.add(to: muxer)
        sound = track
    }

    private func codecName(_ stream: Int) -> String {
        String(cString: atelier_codec_name(demuxer.stream(stream).pointee.codecpar.pointee.codec_id))
    }

    /// Eight bits and 4:2:0, which every player shows.
    private func isCommon(_ stream: Int) -> Bool {
        let format = AVPixelFormat(demuxer.stream(stream).pointee.codecpar.pointee.format)
        return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P
    }

    func run(_ onProgress: @escaping (MediaProgress) -> Void) throws -> TranscodeResult {
        var wanted = Set(copies.map(\.stream))
        if let pictures { wanted.insert(pictures.chain.decoder.stream) }
        if let sound { wanted.insert(sound.stream) }
        demuxer.keep(only: wanted)
        try muxer.begin(options: spec.format.muxerOptions)
        if let start = spec.startMs, start > 0 { try demuxer.seek(toMs: start) }
        let end = min(demuxer.durationMs ?? .max, range.upperBound / 90)
        let meter = ProgressMeter(durationMs: end - range.lowerBound / 90, report: onProgress)
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            if isPast(packet) { break }
            try feed(packet)
            meter.update(ms: position / 90)
        }
        if let pictures {
            try pictures.chain.feed(nil) { try show($0, $1) }
            try pictures.track.finish()
        }
        try sound?.finish()
        try muxer.finish()
        guard position > 0 else { throw MediaError(.damaged, "nothing of it could be decoded") }
        return TranscodeResult(
            width: size?.width, height: size?.height, durationMs: position / 90, copiedVideo: copied.video,
            copiedAudio: copied.audio)
    }

    private var shown: Int64 = 0
    private var position: Int64 { max(shown, sound?.endTime ?? 0, copies.map(\.endTime).max() ?? 0) }

    private func feed(_ packet: Packet) throws {
        if let pictures, pictures.chain.decoder.stream == packet.stream {
            try pictures.chain.feed(packet) { try show($0, $1) }
        } else if let sound, sound.stream == packet.stream {
            try sound.feed(packet)
        } else if let copy = copies.first(where: { $0.stream == packet.stream }) {
            try copy.feed(packet)
        }
    }

    private func show(_ frame: Frame, _ time: Int64) throws {
        guard range.contains(time) else { return }
        try pictures?.track.add(frame, at: time - range.lowerBound)
        shown = (pictures?.chain.endTime ?? time) - range.lowerBound
    }

    /// A second past the end, when late pictures have come too.
    private func isPast(_ packet: Packet) -> Bool {
        guard spec.endMs != nil, let time = packet.dts ?? packet.pts else { return false }
        let base = demuxer.stream(packet.stream).pointee.time_base
        return av_rescale_q(time, base, VideoChain.timeBase) - demuxer.startTime90k > range.upperBound + 90_000
    }
}
