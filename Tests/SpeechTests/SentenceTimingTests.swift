import Sound
import Testing

@testable import Speech

@Suite struct SentenceTimingTests {
    /// Noise with silent pauses, in milliseconds of each.
    private func sound(_ pieces: [(ms: Int, isSpeech: Bool)]) -> SoundBuffer {
        var generator = SystemRandomNumberGenerator()
        let samples = pieces.flatMap { piece in
            (0..<piece.ms * 16).map { _ in piece.isSpeech ? Float.random(in: -0.5...0.5, using: &generator) : 0 }
        }
        return SoundBuffer(samples: samples, sampleRate: 16_000)
    }

    @Test func findsThePauseBesideTheExpectedPlace() {
        // The parts say "half way", the voice pauses at 1300 ms of 2400.
        let parts = ["first clause,", "second clause."].map {
            SentenceTiming.Part(text: $0, weight: 10, words: $0.split(separator: " ").map { (String($0), 5) })
        }
        let spans = SentenceTiming.spans(parts, in: sound([(1300, true), (200, false), (900, true)]))
        #expect(spans.phrases.count == 2)
        #expect(abs(spans.phrases[0].endMs - 1300) <= 20)
        #expect(abs(spans.phrases[1].startMs - 1500) <= 20)
        #expect(spans.phrases[1].endMs == 2400)
        #expect(spans.words.map(\.text) == ["first", "clause,", "second", "clause."])
        #expect(spans.words.allSatisfy { $0.endMs > $0.startMs })
    }

    @Test func spansNeverOverlapWhateverTheSound() {
        let parts = (0..<12).map { SentenceTiming.Part(text: "p\($0)", weight: 1, words: [("p\($0)", 1)]) }
        for milliseconds in [10, 40, 300, 2000] {
            let spans = SentenceTiming.spans(parts, in: sound([(milliseconds, true)]))
            for (before, after) in zip(spans.phrases, spans.phrases.dropFirst()) {
                #expect(before.startMs <= after.startMs)
                #expect(before.endMs <= after.endMs + 1)
            }
        }
    }

    @Test func wordsOfNumbersFallBackToLetters() {
        #expect(Phonemes.words("20 cups", sounds: "twˈɛnti kˈʌps").map(\.text) == ["20", "cups"])
        #expect(Phonemes.words("20 cups", sounds: "twˈɛn ti kˈʌps").map(\.weight) == [2, 4])
        #expect(Phonemes.weight("kˈɔː") > Phonemes.weight("kɔ"))
    }

    @Test func symbolsThatTheModelLacksAreDropped() {
        let known = Set("abc,. ".unicodeScalars)
        let sounds = Phonemes.sentence([("a\u{200D}b", ","), ("щc", ".")], symbols: known)
        #expect(String(String.UnicodeScalarView(sounds)) == "ab, c.")
    }
}
