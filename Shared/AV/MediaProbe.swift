internal import CLibAV

/// Reads what a media file is.
public enum MediaProbe {
    /// Reads the header and a little of each stream, and checks the limits; decodes one picture of a video, or a piece
    /// of sound, to know that it can be.
    /// - Parameter loudness: measures the loudness, for which all sound is decoded.
    /// - Throws: ``MediaError``, `CancellationError`.
    public static func probe(
        _ source: any ByteSource, limits: MediaLimits = MediaLimits(), interrupt: Interrupt = Interrupt(),
        loudness: Bool = false
    ) throws -> MediaInfo {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        let video = demuxer.best(AVMEDIA_TYPE_VIDEO)
        let audio = demuxer.best(AVMEDIA_TYPE_AUDIO)
        guard video != nil || audio != nil else { throw MediaError(.unsupportedFormat, "neither pictures nor sound") }
        var info = MediaInfo(kind: video == nil ? .audio : .video, container: name(demuxer.container))
        info.durationMs = demuxer.durationMs
        info.bitRate = demuxer.bitRate
        info.streams = (0..<demuxer.streamCount).map { describe(demuxer, $0) }
        if let duration = info.durationMs, duration > limits.maxDurationMs {
            throw MediaError(.tooLong, "\(duration) ms, over the limit of \(limits.maxDurationMs) ms")
        }
        if let video {
            let stream = demuxer.stream(video).pointee
            try limits.check(stream.codecpar.pointee)
            let size = UprightSize(stream, rotation: demuxer.rotation(of: video))
            info.width = size.width
            info.height = size.height
            info.fps = info.streams[video].fps
            info.codec = info.streams[video].codec
        }
        if let audio {
            info.audioCodec = info.streams[audio].codec
            if info.codec == nil { info.codec = info.audioCodec }
        }
        try decodeOne(demuxer, video ?? audio ?? 0, limits)
        if loudness, let audio {
            info.loudness = try measure(demuxer, audio, limits)
        }
        return info
    }

    private static func decodeOne(_ demuxer: Demuxer, _ stream: Int, _ limits: MediaLimits) throws {
        let decoder = try Decoder(demuxer, stream: stream, limits: limits)
        let packet = try Packet(), frame = try Frame()
        // A stream that gives nothing in its first thousands of packets gives nothing.
        for _ in 0..<4096 {
            guard try demuxer.read(into: packet) else {
                try decoder.send(nil)
                if try decoder.receive(into: frame) { return }
                throw MediaError(.damaged, "nothing of it can be decoded")
            }
            guard packet.stream == stream else { continue }
            try decoder.send(packet)
            if try decoder.receive(into: frame) { return }
        }
        throw MediaError(.damaged, "nothing of it can be decoded")
    }

    private static func measure(_ demuxer: Demuxer, _ stream: Int, _ limits: MediaLimits) throws -> MediaInfo.Loudness {
        try demuxer.seek(toMs: 0)
        let meter = try LoudnessMeter(channels: 2, rate: 48_000)
        try SoundReader(demuxer, stream: stream, rate: 48_000, channels: 2, limits: limits).read { try meter.add($0) }
        return MediaInfo.Loudness(
            integratedLUFS: meter.integrated, rangeLU: meter.range, truePeakDBTP: meter.truePeak)
    }

    private static func describe(_ demuxer: Demuxer, _ index: Int) -> StreamInfo {
        let stream = demuxer.stream(index).pointee
        let parameters = stream.codecpar.pointee
        let kind: StreamInfo.Kind =
            switch parameters.codec_type {
            case AVMEDIA_TYPE_VIDEO: .video
            case AVMEDIA_TYPE_AUDIO: .audio
            case AVMEDIA_TYPE_SUBTITLE: .subtitle
            default: .other
            }
        var info = StreamInfo(index: index, kind: kind, codec: String(cString: atelier_codec_name(parameters.codec_id)))
        info.profile = avcodec_profile_name(parameters.codec_id, parameters.profile).map { String(cString: $0) }
        info.bitRate = parameters.bit_rate > 0 ? parameters.bit_rate : nil
        if stream.duration != ATELIER_NOPTS, stream.duration >= 0 {
            info.durationMs = av_rescale_q(stream.duration, stream.time_base, AVRational(num: 1, den: 1000))
        }
        if let entry = av_dict_get(stream.metadata, "language", nil, 0) {
            let language = String(cString: entry.pointee.value)
            if language.utf8.count == 3, language != "und" { info.language = language }
        }
        if kind == .video {
            info.width = Int(parameters.width)
            info.height = Int(parameters.height)
            info.fps = framesPerSecond(stream)
            info.pixelFormat = av_get_pix_fmt_name(AVPixelFormat(parameters.format)).map { String(cString: $0) }
            info.rotation = demuxer.rotation(of: index)
        } else if kind == .audio {
            info.sampleRate = Int(parameters.sample_rate)
            info.channels = Int(parameters.ch_layout.nb_channels)
        }
        return info
    }

    private static func framesPerSecond(_ stream: AVStream) -> Double? {
        let rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate
        guard rate.num > 0, rate.den > 0 else { return nil }
        return (av_q2d(rate) * 1000).rounded() / 1000
    }

    /// The first word of libav's list is the name that people know, but for two.
    private static func name(_ container: String) -> String {
        switch container {
        case "mov,mp4,m4a,3gp,3g2,mj2": "mp4"
        case "matroska,webm": "matroska"
        default: String(container.prefix { $0 != "," })
        }
    }
}
