import Telemetry

/// Chooses who writes: the configured provider, or the embedded one where that fails and the configuration allows it.
struct TextRouter: Sendable {
    let chosen: any TextProvider
    /// Stands in where the chosen one fails; `nil` where a fault is a fault.
    let fallback: (any TextProvider)?
    let calls: MeteredCall

    /// A script and who wrote it.
    /// - Throws: ``ProviderError``, `CancellationError`.
    func script(_ request: ScriptRequest, _ task: AgentTask) async throws -> (ScriptDraft, provider: String) {
        do {
            return try await ask(chosen, request, task)
        } catch let error as ProviderError {
            guard let fallback else { throw error }
            calls.logger.warning(
                "text provider failed, the embedded one stands in",
                ["provider": .string(chosen.name), "error": .string("\(error)")])
            return try await ask(fallback, request, task)
        }
    }

    private func ask(
        _ provider: any TextProvider, _ request: ScriptRequest, _ task: AgentTask
    ) async throws -> (ScriptDraft, provider: String) {
        let draft = try await calls.run("text", provider: provider.name, model: provider.model, task: task) {
            try await provider.script(request)
        }
        return (draft, "\(provider.name)/\(provider.model)")
    }
}
