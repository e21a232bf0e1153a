/// What a packager made: files below its folder, and what they are.
public struct HLSResult: Codable, Sendable, Hashable {
    /// One variant of the master playlist.
    public struct Variant: Codable, Sendable, Hashable {
        /// The folder of its files.
        public var name: String
        /// Pixels.
        public var width: Int
        /// Pixels.
        public var height: Int
        /// RFC 6381 codecs: `avc1.64001e,mp4a.40.2`.
        public var codecs: String
        /// Bits per second of the biggest segment.
        public var bandwidth: Int64
        /// Bits per second over all.
        public var averageBandwidth: Int64
    }

    /// The master playlist's name.
    public var master: String
    /// The variants, lowest first.
    public var variants: [Variant]
    /// Every file, relative to the folder; the master is last, so that whoever stores them in order never shows a
    /// playlist whose parts are missing.
    public var files: [String]
    /// How long it plays, in milliseconds.
    public var durationMs: Int64
}
