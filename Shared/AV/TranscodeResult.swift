/// What a transcode made.
public struct TranscodeResult: Codable, Sendable, Hashable {
    /// Pixels; absent where there are no pictures.
    public var width: Int?
    /// Pixels; absent where there are no pictures.
    public var height: Int?
    /// How long it plays, in milliseconds.
    public var durationMs: Int64
    /// The pictures were copied as they were.
    public var copiedVideo: Bool
    /// The sound was copied as it was.
    public var copiedAudio: Bool

    /// What was made.
    public init(width: Int?, height: Int?, durationMs: Int64, copiedVideo: Bool, copiedAudio: Bool) {
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.copiedVideo = copiedVideo
        self.copiedAudio = copiedAudio
    }
}
