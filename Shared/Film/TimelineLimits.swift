/// What a timeline may hold at most: every number that a stranger sends is bounded.
public enum TimelineLimits {
    /// Shortest and longest side of the picture, in pixels.
    public static let side = 240...2160
    /// Frames per second.
    public static let fps = 12...60
    /// Scenes of a film.
    public static let scenes = 1...200
    /// Length of a scene, in milliseconds.
    public static let sceneMs = 400...600_000
    /// Length of a film, in milliseconds.
    public static let filmMs = 400...1_800_000
    /// Length of a transition, in milliseconds.
    public static let transitionMs = 40...3_000
    /// Characters of a title, a card or a caption.
    public static let text = 1...300
    /// Captions of a film.
    public static let captions = 5_000
    /// A clip's own sound, in decibels.
    public static let soundDb = -60.0...0.0
    /// Music louder or softer, in decibels.
    public static let musicDb = -40.0...12.0
}
