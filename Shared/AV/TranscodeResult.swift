/// What a transcode made.
public struct TranscodeResult: Codable, Sendable, Hashable {
    public var width: Int?
    public var height: Int?
    public var durationMs: Int64
    /// The pictures were copied as they were.
    public var copiedVideo: Bool
    /// The sound was copied as it was.
    public var copiedAudio: Bool

    public init(width: Int?, height: Int?, durationMs: Int64, copiedVideo: Bool, copiedAudio: Bool) {
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.copiedVideo = copiedVideo
        self.copiedAudio = copiedAudio
    }
}
