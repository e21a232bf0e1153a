internal import Primitives

/// A short melody that a piece comes back to: two bars, then the same rhythm with another end, and rests in between.
struct Motif: Sendable {
    /// A note of the motif.
    struct Note: Sendable, Hashable {
        /// Beat within the bar.
        let beat: Double
        /// Length in beats.
        let length: Double
        /// Step of the pentatonic scale, from the tonic.
        let degree: Int
    }

    private let bars: [[Note]]

    init(random: inout SeededRandom) {
        let rhythms: [[(Double, Double)]] = [
            [(0, 1.5), (1.5, 0.5), (2, 2)], [(0, 1), (1, 1), (2, 2)], [(0.5, 0.5), (1, 1), (2, 2)],
            [(0, 3), (3, 1)], [(1, 1), (2, 1), (3, 1)],
        ]
        let closings: [[(Double, Double)]] = [[(0, 4)], [(0, 2), (2, 2)], [(0, 1.5), (1.5, 2.5)]]
        let opening = random.pick(rhythms)
        let closing = random.pick(closings)
        var degree = [0, 2, 3, 4][Int(random.next() % 4)]
        func line(_ rhythm: [(Double, Double)], random: inout SeededRandom) -> [Note] {
            rhythm.map { beat, length in
                let note = Note(beat: beat, length: length, degree: degree)
                degree = min(6, max(-1, degree + random.pick([-2, -1, -1, 1, 1, 2])))
                return note
            }
        }
        let first = line(opening, random: &random)
        let second = line(closing, random: &random)
        // The answer: the same opening, another end, which falls to the tonic.
        let answer = line(closing, random: &random).enumerated().map { index, note in
            index == closing.count - 1 ? Note(beat: note.beat, length: note.length, degree: 0) : note
        }
        bars = [first, second, first, answer]
    }

    /// The notes of one of the four bars of a phrase.
    func notes(bar: Int) -> [Note] { bars[(bar % 4 + 4) % 4] }
}
