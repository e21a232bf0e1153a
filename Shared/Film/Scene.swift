/// One scene: a picture for a span of time, and the voice that speaks over it.
public struct Scene: Codable, Sendable, Hashable {
    /// Unique within the film.
    public var id: String
    /// Where the scene begins in the film, in milliseconds.
    public var startMs: Int
    /// How long it lasts, in milliseconds.
    public var durationMs: Int
    /// What is seen.
    public var visual: Visual
    /// The narration, where there is one.
    public var voice: Voice?
    /// How the picture comes over from the scene before. It takes place at the beginning of this scene, during which
    /// the picture before goes on. `nil` is a cut.
    public var transition: Transition?
    /// A name or place, drawn over the lower left of the picture for a few seconds.
    public var lowerThird: LowerThird?

    /// Silent, cut hard and without a name by default; ``Timeline/validate()`` checks it among the others.
    public init(
        id: String, startMs: Int, durationMs: Int, visual: Visual, voice: Voice? = nil, transition: Transition? = nil,
        lowerThird: LowerThird? = nil
    ) {
        self.id = id
        self.startMs = startMs
        self.durationMs = durationMs
        self.visual = visual
        self.voice = voice
        self.transition = transition
        self.lowerThird = lowerThird
    }

    /// Where the scene ends in the film, in milliseconds.
    public var endMs: Int { startMs + durationMs }
}

/// Speech placed in a scene.
public struct Voice: Codable, Sendable, Hashable {
    /// The recording.
    public var assetId: String
    /// When it begins, in milliseconds from the scene's start.
    public var offsetMs: Int
    /// Its length in milliseconds: it must end within the scene, so that no word is cut off.
    public var durationMs: Int

    /// Takes times as they are; ``Timeline/validate()`` checks that they lie within the scene.
    public init(assetId: String, offsetMs: Int, durationMs: Int) {
        self.assetId = assetId
        self.offsetMs = offsetMs
        self.durationMs = durationMs
    }
}

/// Music under the film, faded in and out, ducked under the voice, repeated where it is too short.
public struct Music: Codable, Sendable, Hashable {
    /// The recording.
    public var assetId: String
    /// Louder or softer than the look's own level, in decibels.
    public var gainDb: Double?

    /// At the look's own level by default.
    public init(assetId: String, gainDb: Double? = nil) {
        self.assetId = assetId
        self.gainDb = gainDb
    }
}

/// Two short lines over the lower left of a picture.
public struct LowerThird: Codable, Sendable, Hashable {
    /// The larger line.
    public var title: String
    /// The smaller line below.
    public var subtitle: String?

    /// - Parameter subtitle: `nil` for one line alone.
    public init(title: String, subtitle: String? = nil) {
        self.title = title
        self.subtitle = subtitle
    }
}
