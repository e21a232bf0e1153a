/// Something that speaks: an embedded voice, or a remote one behind the same face.
public protocol SpeechEngine: Sendable {
    /// The name in logs and results.
    var name: String { get }

    /// Whether the engine speaks a language (BCP 47).
    func speaks(_ language: String) async -> Bool

    /// Speaks a text.
    /// - Parameters:
    ///   - text: the words, with punctuation, which decides about pauses.
    ///   - language: of the text (BCP 47).
    /// - Throws: ``SpeechError``, `CancellationError`.
    func speak(_ text: String, language: String) async throws -> Recording
}
