import Film
import Jobs
import Primitives
import Speech

/// Lays the film out when its voices are known: when each scene begins, and the captions.
struct TimelineAgent: Agent {
    static let kind = "timeline"
    static let version = 1

    struct Input: Codable, Sendable {
        var title: String
        var language: String?
        var aspect: String?
        var scenes: [Script.Scene]
        var voices: [VoiceAgent.Output]
        var visuals: [VisualAgent.Output]
        var durationSeconds: Double?
    }

    struct Output: Codable, Sendable, Hashable {
        var timeline: Timeline
        var cues: [Cue]
        var durationMs: Int
    }

    func run(_ input: Input, _ task: AgentTask) async throws -> Output { try Self.lay(input) }

    /// The film's plan; without any input or output.
    /// - Throws: `JobFailure` where the plan cannot be rendered.
    static func lay(_ input: Input) throws(JobFailure) -> Output {
        guard let aspect = Aspect(rawValue: input.aspect ?? Aspect.landscape.rawValue) else {
            throw JobFailure("invalid_aspect", "The aspect is not 16:9, 9:16 or 1:1.", retriable: false)
        }
        let voices = Dictionary(input.voices.compactMap { voice in voice.sceneId.map { ($0, voice) } }) { _, last in
            last
        }
        let visuals = Dictionary(input.visuals.map { ($0.sceneId, $0.visual) }) { _, last in last }
        let drafts = input.scenes.map { scene in
            let voice = voices[scene.id]
            // A wished length is met by longer scenes; without one, a scene is as long as its words.
            let minimum = scene.narration.isEmpty || input.durationSeconds != nil ? scene.durationMs : nil
            return SceneDraft(
                id: scene.id, visual: visuals[scene.id] ?? scene.visual, voiceAssetId: voice?.assetId,
                voiceMs: voice?.durationMs, minimumMs: minimum)
        }
        // A clip keeps all of its part: the montage skips a beginning in black, and needs pictures for the transition.
        let scenes = FilmLayout().scenes(drafts)
        let phrases = voices.mapValues {
            $0.phrases.map { Phrase(text: $0.text, startMs: $0.startMs, endMs: $0.endMs) }
        }
        let cues = CueMaker().cues(scenes, phrases: phrases)
        let timeline = Timeline(
            aspect: aspect, title: input.title, language: input.language ?? "en", scenes: scenes, captions: cues)
        do throws(TimelineError) { try timeline.validate() } catch {
            throw JobFailure("timeline_invalid", "\(error)", retriable: false)
        }
        return Output(timeline: timeline, cues: cues, durationMs: timeline.durationMs)
    }
}
