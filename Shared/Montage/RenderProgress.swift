/// How far a render is.
public struct RenderProgress: Sendable, Hashable {
    /// 0 to 100.
    public let percent: Int
    /// What is left at the pace so far, in milliseconds; `nil` before there is one.
    public let etaMs: Int?
    /// Pictures made, and pictures in all.
    public let frames, totalFrames: Int
}

/// What a render made.
public struct RenderedFilm: Codable, Sendable, Hashable {
    /// Size of the picture in pixels.
    public let width, height: Int
    /// How many pictures it has.
    public let frames: Int
    /// Length in milliseconds.
    public let durationMs: Int
    /// Integrated loudness in LUFS before AAC; `nil` where the film is silent.
    public let loudness: Double?
    /// Highest true peak in dBTP before AAC; `nil` where the film is silent.
    public let truePeak: Double?
}
