internal import Primitives

/// Writes the notes of a plan.
struct ScoreWriter {
    private enum Voice: Int { case pad, figure, bass, melody, drums }

    private let style: Style
    private let plan: Plan
    private let tonic: Int
    private let motif: Motif
    private var random: SeededRandom
    private var notes: [Score.Note] = []

    init(style: Style, plan: Plan, random: SeededRandom) {
        self.style = style
        self.plan = plan
        self.random = random
        tonic = self.random.pick(style.tonics)
        motif = Motif(random: &self.random)
    }

    /// The whole piece.
    mutating func write(durationMs: Int) -> Score {
        let harmony = self.harmony()
        let figure = random.pick(style.figures)
        let other = random.pick(style.figures)
        var voicing: [Int] = []
        for (bar, chord) in harmony.enumerated() {
            voicing = chord.voicing(tonic: tonic, in: 52...74, after: voicing)
            let isBody = bar >= plan.intro
            // Every second phrase is a little fuller; the last two bars give way to the end.
            let phrase = (bar - plan.intro) / 4
            let isFull = isBody && phrase % 2 == 1 || isBody && plan.bars - plan.intro <= 6
            let isClosing = bar >= plan.bars - 2
            pad(voicing, bar, swell: isBody ? 1 : 0.82)
            broken(phrase % 3 == 2 ? other : figure, voicing, bar, isBody: isBody)
            if isBody { bassLine(chord, bar) }
            if isFull, !isClosing { melody(chord, bar) }
            if isBody, !isClosing { drums(bar) }
        }
        end(voicing, durationMs: durationMs)
        let names = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"]
        return Score(
            parts: [style.pad, style.figure, style.bass, style.melody]
                + [Score.Part(program: nil, volume: 78, pan: 64, reverb: 30)],
            notes: notes.sorted { ($0.start, $0.part, $0.key) < ($1.start, $1.part, $1.key) },
            durationMs: durationMs, cadenceMs: Int(plan.cadence * 1000), tempo: 60 / plan.beat,
            key: names[tonic] + (style.isMinor ? " minor" : " major"))
    }

    /// A chord for each bar: one progression, then another, and the cadence at the end.
    private mutating func harmony() -> [Chord] {
        let first = random.pick(style.progressions)
        let second = random.pick(style.progressions)
        var chords: [Chord] = []
        for bar in 0..<plan.bars {
            let place = max(0, bar - plan.intro)
            let progression = place / 8 % 2 == 0 ? first : second
            chords.append(progression[(bar < plan.intro ? bar : place) % 4])
        }
        for (index, chord) in style.cadence.reversed().enumerated() where plan.bars - 1 - index >= 1 {
            chords[plan.bars - 1 - index] = chord
        }
        return chords
    }

    private mutating func add(
        _ voice: Voice, _ key: Int, velocity: Double, beat: Double, length: Double, loose: Double = 0.006
    ) {
        let start = max(0, beat * plan.beat + random.swing() * loose)
        let force = Int((velocity + random.swing() * 4).rounded())
        notes.append(
            Score.Note(
                part: voice.rawValue, key: min(108, max(21, key)), velocity: min(100, max(12, force)), start: start,
                end: start + max(0.06, length * plan.beat)))
    }

    private mutating func pad(_ voicing: [Int], _ bar: Int, swell: Double) {
        for key in voicing.prefix(3) {
            add(
                .pad, key, velocity: Double(style.padVelocity) * swell, beat: Double(bar * 4), length: 4.05,
                loose: 0.012)
        }
    }

    private mutating func broken(_ figure: Style.Figure, _ voicing: [Int], _ bar: Int, isBody: Bool) {
        guard let low = voicing.first else { return }
        let tones = voicing.count > 3 ? voicing : voicing + [low + 12]
        for (index, step) in figure.steps.enumerated() {
            // The beginning leaves every second note out.
            if !isBody, index % 2 == 1 { continue }
            let accent = step.beat == 0 ? 6.0 : step.beat == 2 ? 3 : 0
            let swell = isBody ? 0.0 : -8
            add(
                .figure, tones[step.tone % tones.count], velocity: Double(figure.velocity) + accent + swell,
                beat: Double(bar * 4) + step.beat, length: min(figure.length, 4.2 - step.beat))
        }
    }

    private mutating func bassLine(_ chord: Chord, _ bar: Int) {
        var root = 36 + (tonic + chord.root) % 12
        if root > 45 { root -= 12 }
        for (index, stroke) in style.bassBeats.enumerated() {
            // The last stroke of a second bar leads to the fifth.
            let key = index > 0 && index == style.bassBeats.count - 1 && bar % 2 == 1 ? root + 7 : root
            add(
                .bass, key, velocity: Double(style.bassVelocity) - (index == 0 ? 0 : 6),
                beat: Double(bar * 4) + stroke.beat, length: stroke.length)
        }
    }

    private mutating func melody(_ chord: Chord, _ bar: Int) {
        let place = (bar - plan.intro) % 4
        let scale = style.isMinor ? [0, 3, 5, 7, 10] : [0, 2, 4, 7, 9]
        let tones = Set(chord.classes)
        for note in motif.notes(bar: place) {
            // Around the fifth above the middle C; on strong beats the nearest tone of the chord.
            let octave = note.degree >= 0 ? note.degree / 5 : (note.degree - 4) / 5
            var pitch = scale[note.degree - octave * 5] + 12 * octave
            if note.beat == 0 || note.length >= 1.5 {
                pitch = [0, 1, -1, 2, -2, 3].map { pitch + $0 }.first { tones.contains(($0 % 12 + 12) % 12) } ?? pitch
            }
            var key = 72 + (tonic > 6 ? tonic - 12 : tonic) + pitch
            while key > 86 { key -= 12 }
            add(
                .melody, key, velocity: Double(style.melodyVelocity) + (note.beat == 0 ? 4 : 0),
                beat: Double(bar * 4) + note.beat, length: note.length)
        }
    }

    private mutating func drums(_ bar: Int) {
        for drum in style.drums {
            for beat in drum.beats {
                add(
                    .drums, drum.key, velocity: Double(drum.velocity), beat: Double(bar * 4) + beat, length: 0.2,
                    loose: 0.004)
            }
        }
    }

    /// The last chord: the tonic, from the bass up, each tone a little after the one below, held until it fades.
    private mutating func end(_ voicing: [Int], durationMs: Int) {
        let start = Double(plan.bars * 4)
        let length = max(0.5, (Double(durationMs) / 1000 - plan.cadence) / plan.beat)
        let keys = style.last.voicing(tonic: tonic, in: 52...74, after: voicing)
        var root = 36 + tonic % 12
        if root > 45 { root -= 12 }
        add(.bass, root, velocity: Double(style.bassVelocity), beat: start, length: length, loose: 0)
        for (index, key) in keys.enumerated() {
            if index < 3 {
                add(.pad, key, velocity: Double(style.padVelocity), beat: start, length: length * 0.8, loose: 0)
            }
            add(
                .figure, key, velocity: Double(style.figures[0].velocity) - 2, beat: start + Double(index) * 0.12,
                length: length, loose: 0)
        }
        let top = 72 + (tonic > 6 ? tonic - 12 : tonic)
        add(.melody, top, velocity: Double(style.melodyVelocity), beat: start + 0.5, length: length, loose: 0)
    }
}
