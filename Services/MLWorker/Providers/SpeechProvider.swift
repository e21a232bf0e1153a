import Speech

/// Something that speaks: the embedded voices, or a remote one.
protocol SpeechProvider: Sendable {
    /// The name in the ledger, as in `elevenlabs`.
    var name: String { get }
    /// The model or voice.
    var model: String { get }

    /// Whether it speaks a language (BCP 47).
    func speaks(_ language: String) async -> Bool

    /// Speaks a text.
    /// - Throws: ``ProviderError``, `SpeechError`, `CancellationError`.
    func speak(_ text: String, language: String) async throws -> ProviderAnswer<Recording>
}
