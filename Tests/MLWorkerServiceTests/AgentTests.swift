import Assets
import Film
import FoundationEssentials
import Jobs
import Music
import Primitives
import Sound
import Speech
import Testing

@testable import MLWorkerService

@Suite struct AgentTests {
    private static let brief = """
        Some mornings begin before the world is awake. The clouds drift over the meadow, and a brook runs through the \
        grass. One small bird sings on a branch. The coffee is still too hot. We drink it anyway, slowly. Then the day may \
        come.
        """

    private func film(_ assets: MemoryAssets) -> [String] {
        let photo = assets.add(StoredAsset(filename: "coffee.png", kind: "image"))
        let clip = assets.add(
            StoredAsset(
                filename: "meadow.mp4", kind: "video", durationMs: 30_000,
                metadata: [
                    "shots": [
                        ["startMs": 0, "endMs": 6_000], ["startMs": 6_000, "endMs": 14_000],
                        ["startMs": 14_000, "endMs": 20_000],
                    ]
                ]))
        return [photo, clip]
    }

    /// The whole way from the brief to the subtitles, as the workflow goes it.
    @Test func fromBriefToTimeline() async throws {
        let assets = MemoryAssets()
        let ids = film(assets)
        let task = AgentTask.test()
        let script = try await ScriptAgent(texts: .embedded, speech: .embedded, assets: assets)
            .run(.init(brief: Self.brief, language: "en", assetIds: ids), task)
        #expect(script.scenes.first?.id == "title")
        #expect(script.scenes.last?.visual.style == .end)
        #expect(script.scenes.map(\.narration).filter { !$0.isEmpty }.joined(separator: " ") == Self.brief)
        #expect(script.scenes.count == 7)
        #expect(script.scenes.last?.visual.text == "Then the day may come")
        #expect(script.provider == "embedded/rules-1")

        var voices: [VoiceAgent.Output] = []
        var visuals: [VisualAgent.Output] = []
        for scene in script.scenes {
            voices.append(
                try await VoiceAgent(speech: .embedded, assets: assets)
                    .run(.init(sceneId: scene.id, narration: scene.narration, language: "en"), task))
            visuals.append(
                try await VisualAgent(assets: assets)
                    .run(.init(sceneId: scene.id, visual: scene.visual, title: script.title), task))
        }
        #expect(voices.filter { $0.assetId == nil }.map(\.sceneId) == ["title"])
        let plan = try TimelineAgent.lay(
            .init(title: script.title, aspect: "16:9", scenes: script.scenes, voices: voices, visuals: visuals))
        #expect(plan.timeline.scenes.count == 7)
        #expect(plan.durationMs == plan.timeline.durationMs)
        #expect(plan.timeline.scenes.first?.visual.kind == .card)
        // Captions say what is said, in order.
        let said = plan.cues.map { $0.text.split(whereSeparator: \.isNewline).joined(separator: " ") }
        #expect(said.joined(separator: " ") == Self.brief)
        #expect(plan.cues.allSatisfy { $0.text.split(separator: "\n").count <= 2 })
        #expect(plan.cues.flatMap { $0.text.split(separator: "\n") }.allSatisfy { $0.count <= 42 })

        let music = try await MusicAgent(synthesizer: Synthesizer(), assets: assets)
            .run(.init(mood: script.musicMood, durationMs: plan.durationMs), task)
        #expect(music.durationMs == plan.durationMs)
        let subtitles = try await SubtitlesAgent(assets: assets).run(.init(cues: plan.cues), task)
        #expect(subtitles.cueCount == plan.cues.count)
        let files = assets.saved
        #expect(files.count { $0.asset.contentType == "audio/wav" } == 7)
        let srt = try #require(files.first { $0.asset.filename == "captions.srt" })
        #expect(String(decoding: srt.data, as: UTF8.self).hasPrefix("1\n00:00:0"))
    }

    @Test func beginningAndEnd() throws {
        let scenes = ["A quiet morning. Clouds drift.", "The meadow wakes.", "A bird sings.", "Take it as it comes."]
            .map { ScriptDraft.Scene(narration: $0) }
        let frame = FilmFrame(scenes, title: "A quiet morning")
        #expect(frame.opening == "A quiet morning.")
        #expect(frame.closing == "Take it as it comes.")
        #expect(frame.body.map(\.narration) == ["Clouds drift.", "The meadow wakes.", "A bird sings."])
        // Nothing is taken from a film of one sentence.
        let short = FilmFrame([.init(narration: "A quiet morning.")], title: "A quiet morning")
        #expect(short.opening == nil && short.closing == nil && short.body.count == 1)
    }

    @Test func aWishedLengthIsMet() async throws {
        let request = try ScriptRequest(brief: Self.brief, language: "en", durationSeconds: 38)
        let script = ScriptBuilder(request: request, media: []).script(BriefReader.draft(Self.brief))
        #expect(abs(script.durationMs - 38_000) < 100)
        let plan = try TimelineAgent.lay(
            .init(title: script.title, scenes: script.scenes, voices: [], visuals: [], durationSeconds: 38))
        #expect(abs(plan.durationMs - 38_000) < 2_000)
    }

    @Test func aSecondTryFindsWhatTheFirstMade() async throws {
        let assets = MemoryAssets()
        let agent = VoiceAgent(speech: .embedded, assets: assets)
        let identity = UUID.v7()
        let input = VoiceAgent.Input(sceneId: "s1", narration: "The same words again.", language: "de")
        let first = try await agent.run(input, .test(identity))
        var second = try await agent.run(input, .test(identity))
        second.words = first.words
        #expect(first == second)
        #expect(assets.saved.count == 1)
        _ = try await agent.run(input, .test())
        #expect(assets.saved.count == 2)
    }

    @Test func voicesAreFilesThatCanBeRead() async throws {
        let assets = MemoryAssets()
        let output = try await VoiceAgent(speech: .embedded, assets: assets)
            .run(.init(sceneId: "s1", narration: "Hello there.", language: "en"), .test())
        let sound = try WAVEFile.decode(try #require(assets.saved.first).data)
        #expect(abs(sound.durationMs - output.durationMs) <= 1)
        #expect(output.phrases.map(\.text) == ["Hello there."])
    }

    @Test func visualsAreSetRight() async throws {
        let assets = MemoryAssets()
        let ids = film(assets)
        let agent = VisualAgent(assets: assets)
        // A photograph that was taken for a clip, a clip beyond its end, and a backdrop that is gone.
        let photo = try await agent.run(.init(sceneId: "a", visual: .clip(ids[0], from: 0, to: 4_000)), .test())
        #expect(photo.visual == .photo(ids[0]))
        let clip = try await agent.run(.init(sceneId: "b", visual: .clip(ids[1], from: 18_000, to: 60_000)), .test())
        #expect(clip.visual.endMs == 20_000)
        let card = try await agent.run(
            .init(sceneId: "c", visual: Visual(kind: .card, assetId: UUID.v7().text, style: .title), title: "Title"),
            .test())
        #expect(card.visual.assetId == nil)
        #expect(card.visual.text == "Title")
        let error = await #expect(throws: JobFailure.self) {
            try await agent.run(.init(sceneId: "d", visual: .photo(UUID.v7().text)), .test())
        }
        #expect(error?.code == "asset_not_found")
        #expect(error?.retriable == false)
    }

    @Test func badInput() async throws {
        let assets = MemoryAssets()
        let script = ScriptAgent(texts: .embedded, speech: .embedded, assets: assets, patience: .zero)
        func code(_ input: ScriptAgent.Input) async -> String? {
            do { _ = try await script.run(input, .test()) } catch { return (error as? JobFailure)?.code }
            return nil
        }
        #expect(await code(.init(brief: "")) == "brief_empty")
        #expect(await code(.init(brief: String(repeating: "a ", count: 50_000))) == "brief_too_long")
        #expect(await code(.init(brief: "Hello.", language: "tlh")) == "unsupported_language")
        #expect(await code(.init(brief: "Hello.", durationSeconds: 36_000)) == "invalid_duration")
        #expect(await code(.init(brief: "Hello.", assetIds: ["no-id"])) == "asset_not_found")
        #expect(await code(.init(brief: "Hello.", assetIds: [UUID.v7().text])) == "asset_not_found")
        let unprobed = assets.add(StoredAsset(filename: "new.mp4", kind: "video"))
        #expect(await code(.init(brief: "Hello.", assetIds: [unprobed])) == "asset_not_analysed")
        let voice = VoiceAgent(speech: .embedded, assets: assets)
        let long = await #expect(throws: SpeechError.self) {
            try await voice.run(.init(narration: String(repeating: "word ", count: 20_000)), .test())
        }
        #expect(long?.code == .textTooLong)
        #expect(try await voice.run(.init(sceneId: "x", narration: " "), .test()).assetId == nil)
        #expect(throws: JobFailure.self) {
            try TimelineAgent.lay(.init(title: "T", aspect: "4:3", scenes: [], voices: [], visuals: []))
        }
        #expect(throws: JobFailure.self) {
            try TimelineAgent.lay(.init(title: "T", scenes: [], voices: [], visuals: []))
        }
    }

    @Test func waitsForAVideoToBeLookedInto() async throws {
        let assets = MemoryAssets()
        let id = assets.add(StoredAsset(filename: "new.mp4", kind: "video"))
        async let items = assets.media([id], workspaceID: .v7(), patience: .seconds(20))
        assets.change(id) { $0.durationMs = 7_000 }
        #expect(try await items.first?.shots == [.init(startMs: 0, endMs: 7_000)])
    }

    @Test func echo() {
        let value: JSONValue = ["a": [1, 2.5, nil, "😀"]]
        #expect(Echo.answer(value) == value)
    }

    @Test func faultsAsJobsTellThem() {
        let limited = ProviderError(provider: "p", code: .rateLimited, reason: "slow down", retryAfter: .seconds(7))
        let failure = AgentHandlers.failure(limited) as? JobFailure
        #expect(failure?.code == "provider_rate_limited")
        #expect(failure?.retriable == true)
        #expect(failure?.retryAfter == .seconds(7))
        let speech = AgentHandlers.failure(SpeechError(.unsupportedLanguage, "x")) as? JobFailure
        #expect(speech?.code == "unsupported_language")
        #expect(speech?.retriable == false)
        #expect(AgentHandlers.failure(CancellationError()) is CancellationError)
    }
}
