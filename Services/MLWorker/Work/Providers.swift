import NetworkClient
import Speech

/// Chooses the providers that the settings name.
struct Providers: Sendable {
    let texts: TextRouter
    let speech: SpeechRouter

    init(_ settings: MLConfiguration, voices: EmbeddedSpeech, http: HTTPClient, calls: MeteredCall) {
        let embeddedVoice = EmbeddedVoice(engine: voices)
        let standsIn = settings.fallback == "embedded"
        if settings.textProvider == "openai" {
            let chat = OpenAIChat(
                http: http, baseURL: settings.openAIURL, key: settings.openAIKey, model: settings.openAIModel,
                format: OpenAIChat.Format(rawValue: settings.openAIFormat) ?? .schema, timeout: settings.timeout)
            texts = TextRouter(chosen: chat, fallback: standsIn ? EmbeddedText() : nil, calls: calls)
        } else {
            texts = TextRouter(chosen: EmbeddedText(), fallback: nil, calls: calls)
        }
        if settings.speechProvider == "elevenlabs" {
            let remote = ElevenLabsSpeech(
                http: http, baseURL: settings.elevenLabsURL, key: settings.elevenLabsKey,
                voice: settings.elevenLabsVoice, model: settings.elevenLabsModel, timeout: settings.timeout)
            speech = SpeechRouter(chosen: remote, fallback: standsIn ? embeddedVoice : nil, calls: calls)
        } else {
            speech = SpeechRouter(chosen: embeddedVoice, fallback: nil, calls: calls)
        }
    }
}
