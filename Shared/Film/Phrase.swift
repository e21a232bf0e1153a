/// A stretch of speech with its words: what a voice engine says about its recording.
public struct Phrase: Codable, Sendable, Hashable {
    /// The words, as written in the narration.
    public var text: String
    /// Start, in milliseconds of the recording.
    public var startMs: Int
    /// End, in milliseconds of the recording.
    public var endMs: Int

    /// Takes times as they are, in milliseconds of the recording.
    public init(text: String, startMs: Int, endMs: Int) {
        self.text = text
        self.startMs = startMs
        self.endMs = endMs
    }
}
