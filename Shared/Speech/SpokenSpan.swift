/// Words and the time in which they are spoken.
public struct SpokenSpan: Codable, Sendable, Hashable {
    /// The words as written.
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
