/// What a media file is. Durations in milliseconds, sizes in pixels as it is seen.
public struct MediaInfo: Codable, Sendable, Hashable {
    /// What people would call it.
    public enum Kind: String, Codable, Sendable { case video, audio, image }

    /// Film, sound or picture.
    public var kind: Kind
    /// The container or picture format: `mp4`, `matroska`, `jpeg`.
    public var container: String
    /// How long it plays, where known.
    public var durationMs: Int64?
    /// As seen: after rotation and with square pixels.
    public var width: Int?
    /// As seen, like the width.
    public var height: Int?
    /// Mean frames per second.
    public var fps: Double?
    /// The main picture's (or else sound's) codec.
    public var codec: String?
    /// The sound's codec.
    public var audioCodec: String?
    /// Bits per second of the whole file.
    public var bitRate: Int64?
    /// All streams, in the file's order.
    public var streams: [StreamInfo] = []
    /// Where it was measured.
    public var loudness: Loudness?
    /// Continuous takes of a video, in order, without gaps.
    public var shots: [Shot]?

    /// What is known so far.
    public init(kind: Kind, container: String) {
        self.kind = kind
        self.container = container
    }

    /// Loudness by EBU R 128.
    public struct Loudness: Codable, Sendable, Hashable {
        /// Integrated loudness in LUFS; absent where all is silent.
        public var integratedLUFS: Double?
        /// Loudness range in LU.
        public var rangeLU: Double?
        /// True peak in dBTP; absent where all is silent.
        public var truePeakDBTP: Double?

        /// Measured values.
        public init(integratedLUFS: Double?, rangeLU: Double?, truePeakDBTP: Double?) {
            self.integratedLUFS = integratedLUFS
            self.rangeLU = rangeLU
            self.truePeakDBTP = truePeakDBTP
        }
    }
}

/// A continuous take.
public struct Shot: Codable, Sendable, Hashable {
    /// The first millisecond that is part of it.
    public var startMs: Int64
    /// The first millisecond that is no longer part of it.
    public var endMs: Int64

    /// A take from one millisecond to another.
    public init(startMs: Int64, endMs: Int64) {
        self.startMs = startMs
        self.endMs = endMs
    }
}
