internal import AV
internal import CLibAV
internal import Film
internal import Titles

/// Encodes pictures, joins them with the sound and writes the file, its index first (MED-017).
final class FilmWriter {
    /// The picture to fill next.
    let picture: Picture
    private let frame: Frame
    private let encoder: Encoder
    private let muxer: Muxer
    private let sound: SoundTrack
    private let streams: (picture: Int, sound: Int)
    private var waiting: [Packet] = []
    private var pending: (result: SoundTrack.Result, next: Int)?

    init(_ timeline: Timeline, path: String, look: Look, mixer: SoundMixer, threads: Int, interrupt: Interrupt) throws {
        muxer = try Muxer(path: path, format: "mp4", interrupt: interrupt)
        var settings = Encoder.Video(
            width: timeline.width, height: timeline.height, timeBase: AVRational(num: 1, den: Int32(timeline.fps)))
        settings.frameRate = AVRational(num: Int32(timeline.fps), den: 1)
        settings.keyInterval = timeline.fps * look.keyframeSeconds
        settings.threads = threads
        settings.options = [
            "preset": look.encoder.preset, "crf": String(look.encoder.crf), "profile": "high",
        ]
        // x264 164 reads stray memory in its macroblock tree where a row is no multiple of eight macroblocks (the
        // program ffmpeg under MALLOC_PERTURB_ shows the same): a render that is tried again must give the same bytes.
        if !((timeline.width + 15) / 16).isMultiple(of: 8) { settings.options["mbtree"] = "0" }
        encoder = try Encoder(settings, globalHeader: muxer.wantsGlobalHeader)
        sound = try SoundTrack(mixer, look: look, globalHeader: muxer.wantsGlobalHeader)
        streams = (try muxer.add(encoder), try muxer.add(sound.encoder))
        muxer.setMetadata("title", timeline.title)
        try muxer.begin(options: ["movflags": "+faststart"])
        frame = try Frame(width: timeline.width, height: timeline.height, format: AV_PIX_FMT_YUV420P)
        frame.pointer.pointee.color_range = AVCOL_RANGE_MPEG
        frame.pointer.pointee.colorspace = AVCOL_SPC_BT709
        picture = Picture(over: frame)
    }

    /// Encodes ``picture`` as the frame of this number.
    func write(number: Int) throws {
        frame.pts = Int64(number)
        // x264 has copied the pixels when this returns: the same memory serves every frame.
        try encoder.send(frame)
        try drain()
    }

    /// Ends both streams and the file.
    /// - Returns: loudness in LUFS and true peak in dBTP of the sound; `nil` where silent.
    func finish() throws -> (loudness: Double?, truePeak: Double?) {
        try encoder.send(nil)
        try drain()
        if pending == nil { pending = try sound.wait().map { ($0, 0) } }
        try flush()
        try writeSound(until: nil)
        try muxer.finish()
        return (pending?.result.loudness, pending?.result.truePeak)
    }

    /// Waits for the sound's thread, whatever it made: nothing of a render outlives it.
    func abandon() {
        if pending == nil { _ = try? sound.wait() }
    }

    private func drain() throws {
        while true {
            let packet = try Packet()
            guard try encoder.receive(into: packet) else { break }
            waiting.append(packet)
        }
        if pending == nil { pending = try sound.poll().map { ($0, 0) } }
        if pending != nil { try flush() }
    }

    /// Writes the pictures that wait, each after the sound before it.
    private func flush() throws {
        for packet in waiting {
            try writeSound(until: packet.dts)
            try muxer.write(packet, stream: streams.picture, from: encoder.timeBase)
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private func writeSound(until limit: Int64?) throws {
        while let (result, next) = pending, next < result.packets.count {
            let packet = result.packets[next]
            if let limit, av_compare_ts(packet.dts ?? 0, sound.encoder.timeBase, limit, encoder.timeBase) > 0 { return }
            pending?.next = next + 1
            try muxer.write(packet, stream: streams.sound, from: sound.encoder.timeBase)
        }
    }
}
