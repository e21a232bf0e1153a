import Film
import Jobs

/// Turns a brief into a script: a title, a mood, and scenes with their words and pictures (AGT-007, AGT-008).
///
/// The words come from a text provider; the pictures are planned here over the person's own assets, so that no provider
/// can name an asset that is not theirs.
struct ScriptAgent: Agent {
    static let kind = "script"
    static let version = 1

    struct Input: Codable, Sendable {
        var brief: String
        var language: String?
        var durationSeconds: Double?
        var assetIds: [String]?
    }

    let texts: TextRouter
    let speech: SpeechRouter
    let assets: any AssetStore
    /// How long to wait for a video that was just uploaded to be looked into.
    var patience: Duration = .seconds(90)

    func run(_ input: Input, _ task: AgentTask) async throws -> Script {
        let request = try ScriptRequest(
            brief: input.brief, language: input.language ?? "en", durationSeconds: input.durationSeconds)
        guard await speech.speaks(request.language) else {
            throw JobFailure(
                "unsupported_language", "No voice here speaks \(request.language).", retriable: false)
        }
        let media = try await assets.media(input.assetIds ?? [], workspaceID: task.workspaceID, patience: patience)
        task.progress(10)
        let (draft, provider) = try await texts.script(request, task)
        task.progress(80)
        var script = ScriptBuilder(request: request, media: media).script(draft)
        script.provider = provider
        return script
    }
}
