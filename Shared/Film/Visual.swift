/// What a scene shows.
public struct Visual: Codable, Sendable, Hashable {
    /// The kinds of picture.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// A still with slow pan and zoom. Needs `assetId`.
        case photo
        /// A part of a video, from `startMs` to `endMs` of the source. Needs `assetId`.
        case clip
        /// A designed card with words. Needs `text`, or stands at the film's first or last scene.
        case card
    }

    /// How a card is designed.
    public enum CardStyle: String, Codable, Sendable, CaseIterable {
        /// The film's title, large and centred.
        case title
        /// A statement in the film's middle.
        case statement
        /// The film's last words.
        case end
    }

    /// What is shown, and with it which of the fields below must be there.
    public var kind: Kind
    /// The photograph or video; on a card, the picture that its backdrop is made of (where absent, one of the film's).
    public var assetId: String?
    /// In point in the source, in milliseconds.
    public var startMs: Int?
    /// Out point in the source, in milliseconds. Where the scene is longer, the clip runs slower, then rests.
    public var endMs: Int?
    /// A card's words.
    public var text: String?
    /// A card's smaller second line.
    public var subtitle: String?
    /// How a card is designed; where absent, its place in the film decides.
    public var style: CardStyle?
    /// Level of a clip's own sound in decibels relative to the voice (-60 … 0); where absent it is silent.
    public var soundDb: Double?

    /// Takes all fields as they are; what the kind needs is checked by ``Timeline/validate()``.
    public init(
        kind: Kind, assetId: String? = nil, startMs: Int? = nil, endMs: Int? = nil, text: String? = nil,
        subtitle: String? = nil, style: CardStyle? = nil, soundDb: Double? = nil
    ) {
        self.kind = kind
        self.assetId = assetId
        self.startMs = startMs
        self.endMs = endMs
        self.text = text
        self.subtitle = subtitle
        self.style = style
        self.soundDb = soundDb
    }

    /// The whole of a photograph, panned and zoomed by the renderer.
    public static func photo(_ assetId: String) -> Visual { Visual(kind: .photo, assetId: assetId) }

    /// A part of a video, in milliseconds of the source.
    public static func clip(_ assetId: String, from startMs: Int, to endMs: Int) -> Visual {
        Visual(kind: .clip, assetId: assetId, startMs: startMs, endMs: endMs)
    }

    /// A card whose backdrop is made of a picture of the film.
    public static func card(_ text: String, subtitle: String? = nil, style: CardStyle? = nil) -> Visual {
        Visual(kind: .card, text: text, subtitle: subtitle, style: style)
    }
}
