import Music
import Testing

@Suite struct ComposerTests {
    @Test(arguments: Mood.allCases) func deterministicAndVaried(mood: Mood) throws {
        let first = try Composer.compose(mood: mood, durationMs: 45_000, seed: 7)
        #expect(try Composer.compose(mood: mood, durationMs: 45_000, seed: 7) == first)
        #expect(try Composer.compose(mood: mood, durationMs: 45_000, seed: 8) != first)
    }

    @Test(arguments: Mood.allCases) func fillsEveryLength(mood: Mood) throws {
        for milliseconds in [1_000, 2_500, 6_000, 11_300, 20_000, 31_700, 47_250, 60_000, 95_400, 180_000, 900_000] {
            for seed in 0..<6 as Range<UInt64> {
                let score = try Composer.compose(mood: mood, durationMs: milliseconds, seed: seed)
                #expect(score.durationMs == milliseconds)
                #expect(!score.notes.isEmpty)
                // The last chord sounds before the end and has time to ring.
                let ring = milliseconds - score.cadenceMs
                #expect(ring >= 500, "\(mood) \(milliseconds) \(seed)")
                if milliseconds >= 20_000 { #expect((2_500...7_000).contains(ring), "\(mood) \(milliseconds) \(ring)") }
                #expect(score.notes.allSatisfy { $0.start >= 0 && $0.start * 1000 < Double(milliseconds) })
                #expect(score.notes.allSatisfy { (21...108).contains($0.key) && (1...100).contains($0.velocity) })
                #expect(score.notes.allSatisfy { $0.end > $0.start })
                #expect(score.parts.indices.contains(score.notes.map(\.part).max() ?? 0))
                if milliseconds >= 20_000 { #expect((55...135).contains(score.tempo)) }
            }
        }
    }

    @Test(arguments: Mood.allCases) func endsOnTheTonic(mood: Mood) throws {
        for seed in 0..<8 as Range<UInt64> {
            let score = try Composer.compose(mood: mood, durationMs: 40_000, seed: seed)
            let last = score.notes.filter { $0.start * 1000 >= Double(score.cadenceMs) - 1 }
            let names = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"]
            let tonic = try #require(names.firstIndex(of: String(score.key.split(separator: " ")[0])))
            let lowest = try #require(last.map(\.key).min())
            #expect(lowest % 12 == tonic)
            // The third says whether the key is major or minor.
            let third = score.key.hasSuffix("minor") ? 3 : 4
            #expect(last.contains { $0.key % 12 == (tonic + third) % 12 })
        }
    }

    @Test func staysInItsKey() throws {
        for mood in Mood.allCases {
            let score = try Composer.compose(mood: mood, durationMs: 90_000, seed: 3)
            let names = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"]
            let tonic = try #require(names.firstIndex(of: String(score.key.split(separator: " ")[0])))
            let scale = score.key.hasSuffix("minor") ? [0, 2, 3, 5, 7, 8, 10] : [0, 2, 4, 5, 7, 9, 11]
            let tones = score.notes.filter { score.parts[$0.part].program != nil }
            #expect(tones.allSatisfy { scale.contains(($0.key - tonic + 120) % 12) }, "\(mood)")
        }
    }

    @Test(arguments: [-1, 0, 999, 900_001, Int.max]) func impossibleLengths(milliseconds: Int) {
        let error = #expect(throws: MusicError.self) {
            try Composer.compose(mood: .calm, durationMs: milliseconds, seed: 1)
        }
        #expect(error?.code == .invalidLength)
    }

    @Test func moodsOfWords() {
        #expect(Mood(words: "upbeat, corporate") == .upbeat)
        #expect(Mood(words: "Something relaxing, please") == .calm)
        #expect(Mood(words: "EPIC") == .cinematic)
        #expect(Mood(words: "") == .warm)
        #expect(Mood(words: "😀") == .warm)
    }
}
