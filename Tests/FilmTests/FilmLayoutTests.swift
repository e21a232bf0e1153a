import Film
import Testing

@Suite("Layout and cues") struct FilmLayoutTests {
    let drafts = [
        SceneDraft(id: "a", visual: .card("One morning"), voiceAssetId: "va", voiceMs: 2_345),
        SceneDraft(id: "b", visual: .clip("c", from: 0, to: 4_000), voiceAssetId: "vb", voiceMs: 4_001),
        SceneDraft(id: "c", visual: .photo("p")),
        SceneDraft(id: "d", visual: .card("The end"), voiceAssetId: "vd", voiceMs: 1_200),
    ]

    @Test("Scenes follow without gaps, hold their voices, and make a timeline that validates")
    func layout() throws {
        let scenes = FilmLayout().scenes(drafts)
        try Timeline(aspect: .landscape, title: "One morning", scenes: scenes).validate()
        #expect(scenes.map(\.transition?.kind) == [nil, .fade, .dissolve, .fade])
        #expect(scenes[0].durationMs == 4_400)
        #expect(scenes[2].voice == nil)
        #expect(scenes.allSatisfy { $0.startMs.isMultiple(of: 100) })
    }

    @Test("Cues stand where the voice is, apart or adjoining, within the film")
    func cues() throws {
        let scenes = FilmLayout().scenes(drafts)
        let phrases = [
            "a": [
                Phrase(text: "It is early.", startMs: 0, endMs: 700),
                Phrase(text: "Very early.", startMs: 800, endMs: 2_300),
            ],
            "b": [Phrase(text: "Clouds drift over the hills.", startMs: 50, endMs: 4_000)],
            "d": [Phrase(text: "Good morning.", startMs: 0, endMs: 1_200)],
        ]
        let cues = CueMaker().cues(scenes, phrases: phrases)
        #expect(cues.map(\.text) == ["It is early. Very early.", "Clouds drift over the hills.", "Good morning."])
        #expect(cues[0].startMs == 1_500)
        #expect(cues[1].startMs == scenes[1].startMs + 550)
        try Timeline(aspect: .landscape, title: "T", scenes: scenes, captions: cues).validate()
        #expect(zip(cues, cues.dropFirst()).allSatisfy { $0.endMs <= $1.startMs })
    }

    @Test("A narrow picture gets more and shorter captions with the same words and the same time")
    func refit() {
        let cue = Cue(
            startMs: 1_000, endMs: 5_000, text: "Somewhere above the valley, the first clouds of the day turn pink.")
        let cues = CueMaker(breaking: LineBreaker(columns: 22)).refit([cue])
        #expect(cues.count > 1)
        #expect(cues.first?.startMs == 1_000 && cues.last?.endMs == 5_000)
        #expect(cues.allSatisfy { $0.text.split(separator: "\n").count <= 2 })
        let words = cues.flatMap { $0.text.split(whereSeparator: \.isWhitespace) }.joined(separator: " ")
        #expect(words == cue.text)
    }
}
