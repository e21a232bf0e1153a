import Assets
import Jobs
import Primitives
import Sound
import Speech

/// Speaks a scene's narration (AGT-011) and says when each phrase is heard.
struct VoiceAgent: Agent {
    static let kind = "voice"
    static let version = 1

    struct Input: Codable, Sendable {
        var sceneId: String?
        var narration: String
        var language: String?
    }

    struct Output: Codable, Sendable, Hashable {
        var sceneId: String?
        /// The recording; absent where nothing is said.
        var assetId: String?
        var durationMs: Int
        var phrases: [SpokenSpan]
        var words: [SpokenSpan]?
        /// Who spoke, as in `sherpa-onnx/en_US-joe-medium`.
        var provider: String?
    }

    /// Longer narrations are not timed word by word: an event carries the result.
    private static let timedWords = 400

    let speech: SpeechRouter
    let assets: any AssetStore

    func run(_ input: Input, _ task: AgentTask) async throws -> Output {
        guard input.narration.contains(where: { !$0.isWhitespace }) else {
            return Output(sceneId: input.sceneId, assetId: nil, durationMs: 0, phrases: [])
        }
        let language = input.language ?? "en"
        let id = task.derivedID("\(Self.kind)/\(Self.version)/\(language)/\(input.sceneId ?? "")/\(input.narration)")
        // Done by an earlier try that could not say so: the same asset, not another.
        if let made = try await assets.made(id, workspaceID: task.workspaceID, as: Output.self) { return made }
        let recording = try await speech.speak(input.narration, language: language, task)
        task.progress(70)
        let output = Output(
            sceneId: input.sceneId, assetId: id.text, durationMs: recording.durationMs, phrases: recording.phrases,
            words: recording.words.count <= Self.timedWords ? recording.words : nil, provider: recording.engine)
        var remembered = output
        remembered.words = nil
        let isOurs = try await assets.create(
            NewAsset(
                id: id, task: task, filename: "\(input.sceneId ?? "voice").wav", contentType: "audio/wav",
                kind: "audio", provider: recording.engine, prompt: input.narration,
                metadata: try .made(remembered, durationMs: recording.durationMs)),
            of: WAVEFile.encode(recording.sound))
        // The one that stays is the one that is told of.
        if !isOurs, let made = try await assets.made(id, workspaceID: task.workspaceID, as: Output.self) { return made }
        return output
    }
}
