internal import CLibAV

/// Scales pictures and encodes them as one track.
final class PictureTrack {
    /// What comes out.
    struct Settings {
        var codec = "libx264"
        var width: Int
        var height: Int
        var maxFps: Double?
        var bitRate: Int64?
        /// Bits per second at most, over a buffer of two seconds.
        var maxRate: Int64?
        /// A key frame begins every stretch of this length, in 1/90000 s.
        var keyEvery: Int64?
        var preset = "veryfast"
        var crf = 22
        var threads = 2
    }

    let track: EncodedTrack
    private let scaler: Scaler
    private let settings: Settings
    private let shortest: Int64
    private var last: Int64?
    private var nextKey: Int64 = 0

    init(_ settings: Settings, frameRate: AVRational?, globalHeader: Bool) throws {
        self.settings = settings
        var video = Encoder.Video(width: settings.width, height: settings.height, timeBase: VideoChain.timeBase)
        video.codec = settings.codec
        video.threads = settings.threads
        video.frameRate = frameRate
        video.bitRate = settings.bitRate
        let fps = frameRate.map { av_q2d($0) } ?? 30
        video.keyInterval = Int((settings.maxFps.map { min($0, fps) } ?? fps) * 4).clamped(1, 600)
        video.options = Self.options(settings)
        track = try EncodedTrack(Encoder(video, globalHeader: globalHeader))
        scaler = Scaler(width: settings.width, height: settings.height, format: AV_PIX_FMT_YUV420P)
        shortest = settings.maxFps.map { Int64(90_000 / $0 * 0.98) } ?? 0
    }

    /// Encodes a picture that is shown at `time`, in 1/90000 s; leaves it out where the rate would be too high.
    func add(_ frame: Frame, at time: Int64) throws {
        if let last, time - last < max(1, shortest) { return }
        last = time
        let scaled = try scaler.scale(frame)
        scaled.pts = time
        var isKey = false
        if let every = settings.keyEvery, time >= nextKey {
            isKey = true
            nextKey = (time / every + 1) * every
        }
        try track.encode(scaled, forceKey: isKey)
    }

    func finish() throws { try track.encode(nil) }

    private static func options(_ settings: Settings) -> [String: String] {
        var options: [String: String] = [:]
        if settings.codec == "libx264" {
            options["preset"] = settings.preset
            if settings.bitRate == nil { options["crf"] = "\(settings.crf)" }
            if settings.keyEvery != nil {
                options["forced-idr"] = "1"
                options["sc_threshold"] = "0"
            }
        } else if settings.codec == "libvpx-vp9" {
            options["deadline"] = "realtime"
            options["cpu-used"] = "6"
            options["row-mt"] = "1"
            if settings.bitRate == nil {
                options["crf"] = "32"
                options["b"] = "0"
            }
        }
        if let rate = settings.maxRate {
            options["maxrate"] = "\(rate)"
            options["bufsize"] = "\(rate * 2)"
        }
        return options
    }
}

extension Int {
    func clamped(_ low: Int, _ high: Int) -> Int { Swift.min(high, Swift.max(low, self)) }
}
