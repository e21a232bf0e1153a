import Assets
import Jobs
import Music
import Primitives
import Sound

/// Composes and plays the music of a film (AGT-022): as long as the film, ending with it.
struct MusicAgent: Agent {
    static let kind = "music"
    static let version = 1

    struct Input: Codable, Sendable {
        /// Words such as `calm`.
        var mood: String?
        var durationMs: Int
        /// Another seed gives another piece; the run's own where absent.
        var seed: UInt64?
    }

    struct Output: Codable, Sendable, Hashable {
        var assetId: String
        var durationMs: Int
        var mood: String
        var tempo: Int
        var key: String
        var provider: String
    }

    let synthesizer: Synthesizer
    let assets: any AssetStore

    func run(_ input: Input, _ task: AgentTask) async throws -> Output {
        let mood = Mood(words: input.mood ?? "")
        let seed = input.seed ?? task.seed
        let id = task.derivedID("\(Self.kind)/\(Self.version)/\(mood.rawValue)/\(input.durationMs)/\(seed)")
        if let made = try await assets.made(id, workspaceID: task.workspaceID, as: Output.self) { return made }
        let score = try Composer.compose(mood: mood, durationMs: input.durationMs, seed: seed)
        task.progress(10)
        let sound = try await synthesizer.render(score)
        task.progress(70)
        let output = Output(
            assetId: id.text, durationMs: sound.durationMs, mood: mood.rawValue, tempo: Int(score.tempo.rounded()),
            key: score.key, provider: "embedded/fluidsynth")
        let isOurs = try await assets.create(
            NewAsset(
                id: id, task: task, filename: "music-\(mood.rawValue).wav", contentType: "audio/wav", kind: "audio",
                provider: output.provider, prompt: input.mood,
                metadata: try .made(output, durationMs: sound.durationMs)), of: WAVEFile.encode(sound))
        // The one that stays is the one that is told of.
        if !isOurs, let made = try await assets.made(id, workspaceID: task.workspaceID, as: Output.self) { return made }
        return output
    }
}
