/// What a transcode shall make of a file. Sizes only ever shrink.
public struct TranscodeSpec: Codable, Sendable, Hashable {
    /// What comes out.
    public var format: TranscodeFormat
    /// Pixels at most; the shape is kept.
    public var maxWidth: Int?
    /// Pixels at most; the shape is kept.
    public var maxHeight: Int?
    /// Frames per second at most.
    public var maxFps: Double?
    /// Bits per second; without it a quality is held.
    public var videoBitRate: Int64?
    /// Bits per second of the sound.
    public var audioBitRate: Int64?
    /// The first millisecond that is taken.
    public var startMs: Int64?
    /// The first millisecond that is no longer taken.
    public var endMs: Int64?
    /// The sound is left out.
    public var mute: Bool?

    /// A spec that changes the format alone.
    public init(format: TranscodeFormat) { self.format = format }

    /// A value that cannot be.
    public struct Fault: Error, Sendable, Hashable {
        /// The member's name.
        public let field: String
        /// What is wrong with it.
        public let reason: String
    }

    /// What is wrong with the values by themselves; empty where nothing is.
    public var faults: [Fault] {
        var faults: [Fault] = []
        func check(_ field: String, _ isRight: Bool, _ reason: String) {
            if !isRight { faults.append(Fault(field: field, reason: reason)) }
        }
        for (field, side) in [("maxWidth", maxWidth), ("maxHeight", maxHeight)] {
            check(field, (16...8192).contains(side ?? 16), "must be from 16 to 8192")
            check(field, side == nil || format.isVideo, "\(format.rawValue) has no pictures")
        }
        check("maxFps", (1...120).contains(maxFps ?? 1), "must be from 1 to 120")
        check(
            "videoBitRate", (50_000...100_000_000).contains(videoBitRate ?? 50_000), "must be from 50000 to 100000000")
        check("videoBitRate", videoBitRate == nil || format.isVideo, "\(format.rawValue) has no pictures")
        check("audioBitRate", (16_000...512_000).contains(audioBitRate ?? 16_000), "must be from 16000 to 512000")
        check("startMs", (startMs ?? 0) >= 0, "must not be negative")
        check("endMs", endMs.map { $0 > startMs ?? 0 } ?? true, "must be after startMs")
        check("mute", mute != true || format.isVideo, "\(format.rawValue) is nothing but sound")
        return faults
    }

    var isTrimmed: Bool { (startMs ?? 0) > 0 || endMs != nil }
    var changesPictures: Bool {
        maxWidth != nil || maxHeight != nil || maxFps != nil || videoBitRate != nil || isTrimmed
    }
}
