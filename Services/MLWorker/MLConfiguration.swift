import Configuration
import Music

/// The settings of the ml-worker.
struct MLConfiguration: Configurable {
    let slots: Int
    let voiceFolder: String?
    let espeak: String
    let voiceIdle: Duration
    let soundFont: String
    let textProvider: String
    let speechProvider: String
    let fallback: String
    let timeout: Duration
    let openAIURL: String
    let openAIKey: String
    let openAIModel: String
    let openAIFormat: String
    let elevenLabsURL: String
    let elevenLabsKey: String
    let elevenLabsVoice: String
    let elevenLabsModel: String

    init(_ read: inout ConfigurationReader) {
        slots = read.int("ML_SLOTS", default: 16, in: 1...256, "Jobs at a time.")
        voiceFolder = read.optional(
            "VOICE_DIR", "Folder of the natural voice, as scripts/lib/voice.sh makes it; espeak-ng speaks where absent."
        )
        espeak = read.string("ESPEAK", default: "/usr/bin/espeak-ng", "The program espeak-ng.")
        voiceIdle = read.milliseconds(
            "VOICE_IDLE_MS", default: 15_000, in: 0...3_600_000,
            "How long the natural voice stays in memory (100 MB) after its last use.")
        soundFont = read.string(
            "SOUND_FONT", default: Synthesizer.debianSoundFont, "General MIDI sound font that plays the music.")
        textProvider = read.string(
            "TEXT_PROVIDER", default: "embedded", choices: ["embedded", "openai"],
            "Who writes scripts; openai is any server with OpenAI's chat completions.")
        speechProvider = read.string(
            "SPEECH_PROVIDER", default: "embedded", choices: ["embedded", "elevenlabs"], "Who speaks.")
        fallback = read.string(
            "PROVIDER_FALLBACK", default: "embedded", choices: ["embedded", "none"],
            "What stands in where a remote provider fails; with none, the step fails.")
        timeout = read.milliseconds(
            "PROVIDER_TIMEOUT_MS", default: 60_000, in: 100...600_000, "Longest wait for a provider's answer.")
        openAIURL = read.url(
            "OPENAI_BASE_URL", default: "https://api.openai.com/v1", "Server of chat completions, with the version.")
        openAIKey = read.secret(
            "OPENAI_API_KEY", isRequired: textProvider == "openai", "Key of the server of chat completions.")
        openAIModel = read.string("OPENAI_MODEL", default: "gpt-4o-mini", "Model that writes scripts.")
        openAIFormat = read.string(
            "OPENAI_RESPONSE_FORMAT", default: "json_schema", choices: ["json_schema", "json_object"],
            "How the model is told to answer in JSON; json_object for servers without structured outputs.")
        elevenLabsURL = read.url("ELEVENLABS_BASE_URL", default: "https://api.elevenlabs.io", "ElevenLabs' server.")
        elevenLabsKey = read.secret(
            "ELEVENLABS_API_KEY", isRequired: speechProvider == "elevenlabs", "ElevenLabs' key.")
        elevenLabsVoice = read.string("ELEVENLABS_VOICE", default: "21m00Tcm4TlvDq8ikWAM", "ElevenLabs' voice.")
        elevenLabsModel = read.string("ELEVENLABS_MODEL", default: "eleven_multilingual_v2", "ElevenLabs' model.")
    }
}
