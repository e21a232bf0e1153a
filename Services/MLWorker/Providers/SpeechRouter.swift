import Speech
import Telemetry

/// Chooses who speaks: the configured provider, or the embedded voices where that fails and the configuration allows it.
struct SpeechRouter: Sendable {
    let chosen: any SpeechProvider
    /// Stands in where the chosen one fails; `nil` where a fault is a fault.
    let fallback: (any SpeechProvider)?
    let calls: MeteredCall

    func speaks(_ language: String) async -> Bool {
        if await chosen.speaks(language) { return true }
        return await fallback?.speaks(language) ?? false
    }

    /// A text spoken; ``Recording/engine`` says by whom.
    /// - Throws: ``ProviderError``, `SpeechError`, `CancellationError`.
    func speak(_ text: String, language: String, _ task: AgentTask) async throws -> Recording {
        do {
            return try await ask(chosen, text, language, task)
        } catch let error as ProviderError {
            guard let fallback else { throw error }
            calls.logger.warning(
                "speech provider failed, the embedded voice stands in",
                ["provider": .string(chosen.name), "error": .string("\(error)")])
            return try await ask(fallback, text, language, task)
        }
    }

    private func ask(
        _ provider: any SpeechProvider, _ text: String, _ language: String, _ task: AgentTask
    ) async throws -> Recording {
        try await calls.run("speech", provider: provider.name, model: provider.model, task: task) {
            try await provider.speak(text, language: language)
        }
    }
}
