/// A caption: words shown for a span of the film.
public struct Cue: Codable, Sendable, Hashable {
    /// When it appears, in milliseconds.
    public var startMs: Int
    /// When it disappears, in milliseconds.
    public var endMs: Int
    /// The words; a newline where the line breaks.
    public var text: String

    /// Takes times as they are; ``Timeline/validate()`` checks them.
    public init(startMs: Int, endMs: Int, text: String) {
        self.startMs = startMs
        self.endMs = endMs
        self.text = text
    }
}
