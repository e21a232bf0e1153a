/// Something that writes scripts: the embedded reader of briefs, or a language model.
protocol TextProvider: Sendable {
    /// The name in the ledger, as in `openai`.
    var name: String { get }
    /// The model, as in `gpt-4o-mini`.
    var model: String { get }

    /// Writes the words of a film.
    /// - Throws: ``ProviderError``, `CancellationError`.
    func script(_ request: ScriptRequest) async throws -> ProviderAnswer<ScriptDraft>
}

/// A result and what it cost.
struct ProviderAnswer<Result: Sendable>: Sendable {
    var result: Result
    var usage: ProviderUsage
}

/// What a call used, in the provider's own units.
struct ProviderUsage: Sendable, Hashable {
    /// `token`, `character` or `second`.
    var unit: String
    var input = 0
    var output = 0
}
