internal import CLibAV
internal import FoundationEssentials

/// Makes an HLS ladder (RFC 8216; MPEG-TS segments of four seconds, cut at the same times in all variants) in one pass
/// over the source.
public enum HLSPackager {
    /// - Parameters:
    ///   - folder: where the files go; exists already.
    ///   - onProgress: called on this thread a few times a second.
    /// - Throws: ``MediaError``: `invalidRequest` where there are no pictures; `CancellationError`.
    public static func run(
        _ source: any ByteSource, into folder: String, limits: MediaLimits = MediaLimits(),
        interrupt: Interrupt = Interrupt(), threads: Int = 2, onProgress: @escaping (MediaProgress) -> Void = { _ in }
    ) throws -> HLSResult {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        guard let stream = demuxer.best(AVMEDIA_TYPE_VIDEO) else {
            throw MediaError(.invalidRequest, "there are no pictures in it")
        }
        let chain = try VideoChain(demuxer, stream: stream, limits: limits, threads: threads)
        let rungs = try HLSRung.ladder(sourceHeight: min(chain.size.width, chain.size.height)).map {
            try Rung($0, chain, folder, interrupt, threads)
        }
        var sound: SoundTrack?
        if let audio = demuxer.bestAudio {
            var settings = Encoder.Audio()
            settings.bitRate = 128_000
            sound = try SoundTrack(
                demuxer, stream: audio, settings: settings, range: 0..<limits.maxDurationMs * 90, limits: limits,
                globalHeader: false)
            for rung in rungs { try sound?.track.add(to: rung.muxer) }
        }
        demuxer.keep(only: Set([stream] + (sound.map { [$0.stream] } ?? [])))
        for rung in rungs { try rung.begin() }
        let meter = ProgressMeter(durationMs: demuxer.durationMs, report: onProgress)
        let packet = try Packet()
        func show(_ frame: Frame, _ time: Int64) throws {
            for rung in rungs { try rung.pictures.add(frame, at: time) }
            meter.update(ms: time / 90)
        }
        while try demuxer.read(into: packet) {
            if packet.stream == stream { try chain.feed(packet, show) } else { try sound?.feed(packet) }
        }
        try chain.feed(nil, show)
        guard chain.endTime > 0 else { throw MediaError(.damaged, "no picture of it can be decoded") }
        for rung in rungs { try rung.pictures.finish() }
        try sound?.finish()
        for rung in rungs { try rung.muxer.finish() }
        return try describe(rungs, folder, hasSound: sound != nil, chain)
    }

    private final class Rung {
        let muxer: Muxer
        let pictures: PictureTrack
        let name: String
        let size: (width: Int, height: Int)
        private let folder: String
        private(set) var codec: String?

        init(_ rung: HLSRung, _ chain: VideoChain, _ folder: String, _ interrupt: Interrupt, _ threads: Int) throws {
            name = rung.name
            self.folder = folder + "/" + rung.name
            try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
            // Of an upright film the width counts, as with all ladders: 720p is 720 wide.
            let isUpright = chain.size.height > chain.size.width
            size =
                isUpright
                ? chain.size.fitted(maxWidth: rung.height, maxHeight: nil) : chain.size.fitted(height: rung.height)
            muxer = try Muxer(path: self.folder + "/index.m3u8", format: "hls", interrupt: interrupt)
            var settings = PictureTrack.Settings(width: size.width, height: size.height)
            settings.maxFps = 60
            settings.maxRate = rung.maxBitRate
            settings.keyEvery = 4 * 90_000
            settings.crf = 23
            settings.threads = threads
            pictures = try PictureTrack(settings, frameRate: chain.frameRate, globalHeader: false)
            try pictures.track.add(to: muxer)
            pictures.track.onPacket = { [weak self] packet in
                if let self, codec == nil { codec = MasterPlaylist.codec(ofH264: packet.bytes) }
            }
        }

        func begin() throws {
            try muxer.begin(options: [
                "hls_time": "4", "hls_playlist_type": "vod", "hls_flags": "independent_segments",
                "hls_segment_filename": folder + "/seg%05d.ts", "hls_list_size": "0",
            ])
        }
    }

    private static func describe(_ rungs: [Rung], _ folder: String, hasSound: Bool, _ chain: VideoChain) throws
        -> HLSResult
    {
        var files: [String] = []
        var playlists: [String] = []
        let variants = try rungs.map { rung -> HLSResult.Variant in
            let playlist = "\(rung.name)/index.m3u8"
            guard let text = FileManager.default.contents(atPath: folder + "/" + playlist) else {
                throw MediaError(.io, "a playlist is missing")
            }
            var peak = 0.0, bits = 0.0, seconds = 0.0
            for segment in MasterPlaylist.segments(of: String(decoding: text, as: UTF8.self)) {
                let file = "\(rung.name)/\(segment.name)"
                files.append(file)
                let size = 8 * Double(try FileSource(path: folder + "/" + file).size ?? 0)
                // A last segment of a few frames says nothing of the rate.
                if segment.duration >= 0.5 { peak = max(peak, size / segment.duration) }
                bits += size
                seconds += segment.duration
            }
            playlists.append(playlist)
            let average = Int64(bits / max(0.001, seconds))
            return HLSResult.Variant(
                name: rung.name, width: rung.size.width, height: rung.size.height,
                codecs: (rung.codec ?? "avc1.64001f") + (hasSound ? ",mp4a.40.2" : ""),
                bandwidth: max(Int64(peak), average), averageBandwidth: average)
        }
        let fps = chain.frameRate.map { min(60, av_q2d($0)) }
        let master = "master.m3u8"
        try Data(MasterPlaylist.text(variants, fps: fps).utf8).write(
            to: URL(filePath: folder + "/" + master))
        return HLSResult(
            master: master, variants: variants, files: files + playlists + [master], durationMs: chain.endTime / 90)
    }
}
