import Speech

/// The script by rules, without a language model: deterministic, offline.
struct EmbeddedText: TextProvider {
    let name = "embedded"
    let model = "rules-1"

    func script(_ request: ScriptRequest) async throws -> ProviderAnswer<ScriptDraft> {
        let draft = BriefReader.draft(request.brief)
        return ProviderAnswer(
            result: draft, usage: ProviderUsage(unit: "character", input: request.brief.count, output: 0))
    }
}

/// The voices of this machine.
struct EmbeddedVoice: SpeechProvider {
    let name = "embedded"
    let model = "piper/espeak-ng"
    let engine: any SpeechEngine

    func speaks(_ language: String) async -> Bool { await engine.speaks(language) }

    func speak(_ text: String, language: String) async throws -> ProviderAnswer<Recording> {
        let recording = try await engine.speak(text, language: language)
        return ProviderAnswer(
            result: recording, usage: ProviderUsage(unit: "character", input: text.count, output: recording.durationMs))
    }
}
