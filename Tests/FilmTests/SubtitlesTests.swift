import Film
import Testing

@Suite("Subtitles") struct SubtitlesTests {
    let cues = [
        Cue(startMs: 1_050, endMs: 3_000, text: "Clouds drift & glow"),
        Cue(startMs: 3_661_001, endMs: 3_662_000, text: "Two\n\nlines <b>"),
    ]

    @Test("SRT: numbers, commas, no empty line within a cue")
    func srt() {
        #expect(
            Subtitles.srt(cues) == """
                1
                00:00:01,050 --> 00:00:03,000
                Clouds drift & glow

                2
                01:01:01,001 --> 01:01:02,000
                Two
                lines <b>

                """)
    }

    @Test("VTT: header, points, escapes")
    func vtt() {
        #expect(
            Subtitles.vtt(cues) == """
                WEBVTT

                00:00:01.050 --> 00:00:03.000
                Clouds drift &amp; glow

                01:01:01.001 --> 01:01:02.000
                Two
                lines &lt;b&gt;

                """)
    }

    @Test("No cues make a valid empty file")
    func empty() {
        #expect(Subtitles.srt([]) == "")
        #expect(Subtitles.vtt([]) == "WEBVTT\n")
    }
}

@Suite("Line breaking") struct LineBreakerTests {
    @Test("Lines are balanced, and break where a reader breathes")
    func balanced() {
        let breaker = LineBreaker()
        #expect(breaker.break("A short one.") == ["A short one."])
        #expect(
            breaker.break("Somewhere above the valley, the first clouds of the day turn pink.") == [
                "Somewhere above the valley,", "the first clouds of the day turn pink.",
            ])
        #expect(breaker.break("   ") == [])
    }

    @Test("A long text becomes pieces that fit, none of one word, nothing lost")
    func pieces() {
        let text = """
            Before the kettle sings, before the first message arrives, there is an hour that belongs to nobody, and in \
            that hour the brook, the grass and the birds have the whole wide world to themselves
            """
        let breaker = LineBreaker(columns: 32)
        let pieces = breaker.pieces(text)
        #expect(pieces.joined(separator: " ") == text)
        #expect(pieces.allSatisfy { breaker.fits($0) && breaker.break($0).count <= 2 })
        #expect(pieces.allSatisfy { $0.split(separator: " ").count > 1 })
    }

    @Test("Chinese breaks between characters and counts double")
    func wide() {
        let text = "清晨的云在山谷上空慢慢变成粉红色，草地上还留着夜里的露水。"
        #expect(LineBreaker.width("清晨 a") == 6)
        let lines = LineBreaker().break(text)
        #expect(lines.count == 2 && lines.joined() == text)
    }

    @Test("A word longer than a line stays whole")
    func monster() {
        let word = String(repeating: "x", count: 90)
        #expect(LineBreaker().pieces("so \(word) it is") == ["so", word, "it is"])
    }
}
