/// How a mood is played: what a composer decides before the first note.
struct Style: Sendable {
    /// What plays an accompanying figure: for each note a beat and the index of a chord tone from the lowest.
    struct Figure: Sendable {
        let steps: [(beat: Double, tone: Int)]
        /// How long each note lasts, in beats.
        let length: Double
        let velocity: Int
    }

    /// A drum's strokes in a bar.
    struct Drum: Sendable {
        let key: Int
        let beats: [Double]
        let velocity: Int
    }

    let tempo: ClosedRange<Double>
    let isMinor: Bool
    /// Tonics in the octave of the middle C.
    let tonics: [Int]
    let progressions: [[Chord]]
    /// The two bars before the last chord.
    let cadence: [Chord]
    let last: Chord
    /// Long chords.
    let pad: Score.Part
    let padVelocity: Int
    /// Broken chords.
    let figure: Score.Part
    let figures: [Figure]
    let bass: Score.Part
    /// Beats on which the bass plays, with their lengths.
    let bassBeats: [(beat: Double, length: Double)]
    let bassVelocity: Int
    /// A sparse melody above the voice.
    let melody: Score.Part
    let melodyVelocity: Int
    let drums: [Drum]

    /// The style of a mood.
    static func of(_ mood: Mood) -> Style {
        switch mood {
        case .calm: calm
        case .warm: warm
        case .upbeat: upbeat
        case .corporate: corporate
        case .cinematic: cinematic
        }
    }

    private static func part(_ program: Int?, _ volume: Int, _ pan: Int, _ reverb: Int) -> Score.Part {
        Score.Part(program: program, volume: volume, pan: pan, reverb: reverb)
    }

    /// Piano in slow broken chords over a warm pad.
    private static let calm = Style(
        tempo: 62...72, isMinor: false, tonics: [0, 2, 5, 7],
        progressions: [
            [.oneAdd9, .sixSeven, .fourMaj7, .fiveSus], [.fourMaj7, .oneAdd9, .twoSeven, .fiveSus],
            [.oneAdd9, .three, .fourMaj7, .five],
        ],
        cadence: [.fourMaj7, .fiveSus], last: .oneAdd9,
        pad: part(89, 62, 64, 80), padVelocity: 50,
        figure: part(0, 84, 54, 60),
        figures: [
            Figure(
                steps: [(0, 0), (0.5, 1), (1, 2), (1.5, 3), (2, 2), (2.5, 1), (3, 2), (3.5, 1)], length: 2, velocity: 50
            ),
            Figure(steps: [(0, 0), (1, 2), (1.5, 1), (2, 3), (3, 2)], length: 2.5, velocity: 52),
        ],
        bass: part(32, 66, 64, 30), bassBeats: [(0, 3.8)], bassVelocity: 58,
        melody: part(11, 50, 80, 90), melodyVelocity: 48, drums: [])

    /// A guitar, picked, with soft strings.
    private static let warm = Style(
        tempo: 80...92, isMinor: false, tonics: [0, 2, 4, 7, 9],
        progressions: [
            [.one, .five, .six, .four], [.one, .four, .six, .five], [.one, .three, .four, .five],
            [.four, .one, .two, .five],
        ],
        cadence: [.four, .five], last: .one,
        pad: part(48, 54, 64, 70), padVelocity: 46,
        figure: part(24, 92, 50, 45),
        figures: [
            Figure(
                steps: [(0, 0), (0.5, 2), (1, 1), (1.5, 3), (2, 0), (2.5, 2), (3, 1), (3.5, 3)], length: 1.2,
                velocity: 62),
            Figure(
                steps: [(0, 0), (0.5, 1), (1, 2), (1.5, 3), (2.5, 2), (3, 1), (3.5, 2)], length: 1.4, velocity: 60),
        ],
        bass: part(32, 78, 64, 25), bassBeats: [(0, 1.9), (2, 1.8)], bassVelocity: 62,
        melody: part(0, 64, 78, 60), melodyVelocity: 52,
        drums: [Drum(key: 70, beats: [0.5, 1, 1.5, 2.5, 3, 3.5], velocity: 26)])

    /// Marimba, light drums, a walking bass.
    private static let upbeat = Style(
        tempo: 106...118, isMinor: false, tonics: [0, 2, 4, 5, 7],
        progressions: [[.one, .five, .six, .four], [.six, .four, .one, .five], [.one, .four, .two, .five]],
        cadence: [.four, .five], last: .one,
        pad: part(50, 48, 64, 55), padVelocity: 46,
        figure: part(12, 84, 46, 35),
        figures: [
            Figure(
                steps: [(0, 0), (0.5, 2), (1, 1), (1.5, 2), (2, 3), (2.5, 2), (3, 1), (3.5, 2)], length: 0.5,
                velocity: 66),
            Figure(steps: [(0, 0), (0.75, 2), (1.5, 1), (2, 3), (2.75, 2), (3.5, 1)], length: 0.6, velocity: 66),
        ],
        bass: part(33, 80, 64, 15), bassBeats: [(0, 0.9), (1.5, 0.45), (2, 0.9), (3.5, 0.4)], bassVelocity: 70,
        melody: part(25, 66, 84, 45), melodyVelocity: 56,
        drums: [
            Drum(key: 36, beats: [0, 2], velocity: 56), Drum(key: 37, beats: [1, 3], velocity: 42),
            Drum(key: 42, beats: [0.5, 1.5, 2.5, 3.5], velocity: 34),
        ])

    /// Piano eighths and a muted guitar, steady and open.
    private static let corporate = Style(
        tempo: 98...108, isMinor: false, tonics: [0, 2, 4, 7, 9],
        progressions: [[.six, .four, .one, .five], [.one, .five, .six, .four], [.one, .four, .six, .five]],
        cadence: [.four, .fiveSus], last: .oneAdd9,
        pad: part(89, 60, 64, 70), padVelocity: 48,
        figure: part(0, 80, 52, 45),
        figures: [
            Figure(
                steps: [(0, 2), (0.5, 1), (1, 2), (1.5, 3), (2, 2), (2.5, 1), (3, 2), (3.5, 3)], length: 0.9,
                velocity: 56),
            Figure(
                steps: [(0, 0), (0.5, 3), (1, 2), (1.5, 3), (2, 1), (2.5, 3), (3, 2), (3.5, 3)], length: 0.9,
                velocity: 54),
        ],
        bass: part(33, 76, 64, 15), bassBeats: [(0, 1.4), (1.5, 0.5), (2, 1.9)], bassVelocity: 62,
        melody: part(28, 62, 86, 55), melodyVelocity: 52,
        drums: [
            Drum(key: 36, beats: [0, 2], velocity: 48), Drum(key: 39, beats: [1, 3], velocity: 26),
            Drum(key: 70, beats: [0.5, 1.5, 2.5, 3.5], velocity: 24),
        ])

    /// Strings and horns in a minor key, timpani far away.
    private static let cinematic = Style(
        tempo: 62...74, isMinor: true, tonics: [0, 2, 9, 11],
        progressions: [
            [.minorOne, .minorSix, .minorThree, .minorSeven], [.minorOne, .minorFour, .minorSix, .minorSeven],
            [.minorOneAdd9, .minorThree, .minorSix, .minorFour],
        ],
        cadence: [.minorSix, .minorSeven], last: .minorOne,
        pad: part(48, 78, 64, 85), padVelocity: 54,
        figure: part(45, 74, 46, 70),
        figures: [
            Figure(
                steps: [(0, 0), (0.5, 1), (1, 2), (1.5, 1), (2, 0), (2.5, 1), (3, 2), (3.5, 1)], length: 0.5,
                velocity: 50),
            Figure(steps: [(0, 0), (1, 2), (2, 1), (3, 2), (3.5, 3)], length: 0.8, velocity: 50),
        ],
        bass: part(43, 82, 70, 60), bassBeats: [(0, 3.9)], bassVelocity: 62,
        melody: part(60, 56, 72, 95), melodyVelocity: 50,
        drums: [Drum(key: 41, beats: [0], velocity: 30)])
}
