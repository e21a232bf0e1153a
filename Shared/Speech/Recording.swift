public import Sound

/// Spoken text: its sound, and when each part of it is heard.
public struct Recording: Sendable, Hashable {
    /// The sound, mono.
    public var sound: SoundBuffer
    /// Clauses in order. Sentences begin and end where measured; clauses within them at the pauses of the voice.
    public var phrases: [SpokenSpan]
    /// Words in order, estimated within their clause by the length of their sounds.
    public var words: [SpokenSpan]
    /// Which engine spoke, as in `sherpa-onnx/en_US-joe-medium`.
    public var engine: String

    /// Takes times as they are; nothing is checked against the sound.
    public init(sound: SoundBuffer, phrases: [SpokenSpan], words: [SpokenSpan], engine: String) {
        self.sound = sound
        self.phrases = phrases
        self.words = words
        self.engine = engine
    }

    /// How long it lasts, in milliseconds.
    public var durationMs: Int { sound.durationMs }
}
