/// The look of every film, chosen once: fonts, colours, margins, motion, durations, sound.
///
/// Lengths are pixels of a picture whose shorter side is 1080; they scale with it. Times are milliseconds.
public struct Look: Sendable {
    // MARK: Colours

    /// The dark that pictures sink into and rise from: never black.
    public var dusk = Colour(0x2B2F38)
    /// The darkest tone of cards and plates.
    public var ink = Colour(0x12151B)
    /// Words.
    public var paper = Colour(0xFBF5EA)
    /// Rules and small accents.
    public var accent = Colour(0xF4B66A)
    /// Light on cards: where it comes from, and what it fades to.
    public var glow = Colour(0xFFCF9A)
    /// The cool counterpart of the glow.
    public var shade = Colour(0x2A4A5E)

    // MARK: Type

    /// A film's title.
    public var title = TextStyle("EB Garamond", size: 168, weight: 500, lineHeight: 0.86, alignment: .centre)
    /// A statement within the film.
    public var statement = TextStyle("EB Garamond", size: 104, weight: 500, lineHeight: 0.9)
    /// The last words.
    public var closing = TextStyle(
        "EB Garamond", size: 124, weight: 500, italic: true, lineHeight: 0.9, alignment: .centre)
    /// The small line under a title, in capitals.
    public var kicker = TextStyle("Inter", size: 32, weight: 500, spacing: 0.2, lineHeight: 1.2, alignment: .centre)
    /// Captions.
    public var caption = TextStyle("Inter", size: 43, weight: 600, spacing: 0.002, lineHeight: 1.08, alignment: .centre)
    /// The lower third's first line: a name.
    public var lowerTitle = TextStyle("League Spartan", size: 46, weight: 600)
    /// The lower third's second line: what the name stands for.
    public var lowerSubtitle = TextStyle("Inter", size: 28, weight: 500, spacing: 0.02)

    // MARK: Space

    /// Margin left and right, as a part of the width: within every safe area.
    public var sideMargin = 0.075
    /// From the picture's lower edge to a caption's plate, as a part of the height.
    public var captionBottom = 0.062
    /// The same on a tall picture: a phone's player covers more of it.
    public var captionBottomPortrait = 0.2
    /// Padding of a caption's plate, left and right, above and below.
    public var platePadding = (x: 30.0, y: 15.0)
    /// The radius of the plate's corners.
    public var plateRadius = 14.0
    /// How much larger captions are on a tall picture, which is seen on a phone.
    public var portraitCaption = 1.3
    /// How much of the picture a caption's plate covers: 0 nothing, 1 all.
    public var plateOpacity = 0.66
    /// Widest caption line in columns, by shape of the picture.
    public var captionColumns = (landscape: 42, square: 30, portrait: 24)
    /// The rule under a title.
    public var rule = (width: 132.0, height: 4.0)

    // MARK: Motion

    /// How far a photo's window shrinks or grows during its scene.
    public var photoZoom = 0.1
    /// How far it wanders, as a part of what there is to wander.
    public var photoPan = 0.7
    /// How far a clip's window moves, so that nothing stands still.
    public var clipZoom = 0.03
    /// How far a card's backdrop moves.
    public var cardZoom = 0.1
    /// How far words rise while they appear.
    public var rise = 26.0
    /// When each part of a card begins to appear.
    public var cardEntrances = (title: 250, rule: 800, kicker: 1_100)
    /// How long each part of a card takes to appear.
    public var cardEntranceMs = 900
    /// How long a caption takes to appear, and to vanish.
    public var captionFadeMs = 130
    /// A lower third: from when in its scene, for how long, and how long it takes to appear and to vanish.
    public var lowerThird = (fromMs: 900, forMs: 3_800, fadeMs: 350)
    /// How long the film's first picture takes to rise out of the dusk.
    public var openingMs = 900
    /// How long the last picture takes to sink into the dusk; at most a quarter of the film.
    public var closingMs = 1_400
    /// How much of the first and last picture the dusk takes: the film never is one flat colour.
    public var duskDepth = 0.82
    /// The same at the very beginning, whose first picture many players show before they play.
    public var openingDepth = 0.6
    /// A wipe's soft edge, as a part of the width.
    public var wipeSoftness = 0.22

    // MARK: Colour of pictures

    /// Contrast around middle grey, saturation, and warmth in steps of chroma: one gentle grade over all pictures.
    public var grade = (contrast: 1.05, saturation: 1.03, warmth: 1.0)

    // MARK: Sound

    /// Integrated loudness of the film in LUFS (EBU R 128).
    public var loudness = -14.0
    /// The highest true peak of the film in dBTP.
    public var truePeak = -1.0
    /// Integrated loudness of the music where nobody speaks, in LUFS.
    public var music = -22.0
    /// How far the music ducks under a voice, in dB.
    public var duck = -11.0
    /// Each voice is brought to this loudness in LUFS before the film as a whole is measured.
    public var voice = -17.0
    /// The music leads the duck, waits before it comes back, and takes its time.
    public var duckTimes = (downMs: 260, holdMs: 420, upMs: 900)
    /// Music fades at the film's beginning and end.
    public var musicFades = (inMs: 600, outMs: 1_300)

    // MARK: Encoding

    /// x264: preset and quality, tuned for a film that is watched, at a speed that a laptop keeps up with.
    public var encoder = (preset: "veryfast", crf: 20)
    /// Seconds from key frame to key frame.
    public var keyframeSeconds = 2
    /// AAC, bits per second.
    public var audioBitRate = 192_000

    /// The look of Atelier.
    public static let atelier = Look()

    /// Pixels of a picture for one unit of the look.
    public static func unit(width: Int, height: Int) -> Double { Double(min(width, height)) / 1080 }
}
