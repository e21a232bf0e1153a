/// A film as a plan: what is seen and heard when. The JSON that travels between the agents and the renderer.
///
/// All times are whole milliseconds of the film, from its first frame. Assets are named by id; whoever renders
/// supplies a local file for each (``assetIDs``).
public struct Timeline: Codable, Sendable, Hashable {
    /// Width of the picture in pixels, even.
    public var width: Int
    /// Height of the picture in pixels, even.
    public var height: Int
    /// Frames per second, constant.
    public var fps: Int
    /// The film's title; drawn where a title card has no text of its own.
    public var title: String
    /// Language of narration and captions (BCP 47); tags the audio track.
    public var language: String
    /// The scenes, without gaps: each begins where the one before ends.
    public var scenes: [Scene]
    /// The music under the whole film.
    public var music: Music?
    /// Captions in order, without overlap.
    public var captions: [Cue]
    /// Whether the captions are drawn into the picture.
    public var burnCaptions: Bool

    /// Creates a timeline; nothing is checked before ``validate()``.
    public init(
        width: Int = 1920, height: Int = 1080, fps: Int = 30, title: String, language: String = "en",
        scenes: [Scene], music: Music? = nil, captions: [Cue] = [], burnCaptions: Bool = true
    ) {
        self.width = width
        self.height = height
        self.fps = fps
        self.title = title
        self.language = language
        self.scenes = scenes
        self.music = music
        self.captions = captions
        self.burnCaptions = burnCaptions
    }

    /// A timeline in a usual shape at 30 frames per second, its captions drawn into the picture.
    public init(
        aspect: Aspect, title: String, language: String = "en", scenes: [Scene], music: Music? = nil,
        captions: [Cue] = []
    ) {
        self.init(
            width: aspect.width, height: aspect.height, title: title, language: language, scenes: scenes,
            music: music, captions: captions)
    }

    /// Reads a timeline; all but `title` and `scenes` have the defaults of the initialiser.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            width: try values.decodeIfPresent(Int.self, forKey: .width) ?? 1920,
            height: try values.decodeIfPresent(Int.self, forKey: .height) ?? 1080,
            fps: try values.decodeIfPresent(Int.self, forKey: .fps) ?? 30,
            title: try values.decode(String.self, forKey: .title),
            language: try values.decodeIfPresent(String.self, forKey: .language) ?? "en",
            scenes: try values.decode([Scene].self, forKey: .scenes),
            music: try values.decodeIfPresent(Music.self, forKey: .music),
            captions: try values.decodeIfPresent([Cue].self, forKey: .captions) ?? [],
            burnCaptions: try values.decodeIfPresent(Bool.self, forKey: .burnCaptions) ?? true)
    }

    /// The same film in a smaller picture, its shorter side at most `side` pixels (240 at least, even).
    public func reduced(toShortSide side: Int) -> Timeline {
        let short = min(width, height)
        guard short > side else { return self }
        var copy = self
        copy.width = max(240, (width * side / short + 1) / 2 * 2)
        copy.height = max(240, (height * side / short + 1) / 2 * 2)
        return copy
    }

    /// How long the film is, in milliseconds.
    public var durationMs: Int { scenes.last?.endMs ?? 0 }

    /// Every asset that a render needs, once each, in the order of first use.
    public var assetIDs: [String] {
        var seen: Set<String> = []
        let all = scenes.flatMap { [$0.visual.assetId, $0.voice?.assetId] } + [music?.assetId]
        return all.compactMap(\.self).filter { seen.insert($0).inserted }
    }
}
