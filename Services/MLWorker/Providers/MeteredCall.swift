import FoundationEssentials
import Primitives
import Speech
import Telemetry

/// Calls a provider with what every call needs: a ledger row before and after, metrics, a few more tries where waiting
/// helps.
struct MeteredCall: Sendable {
    let ledger: any CallLedger
    let logger: Logger
    /// Tries at most; each has its own ledger row.
    var tries = 3
    /// The longest wait that a provider may ask for within a call; a longer one is the job's to wait.
    var patience: Duration = .seconds(20)
    var backoff = Backoff(base: .milliseconds(500), maximum: .seconds(8))

    /// - Throws: what the last try threw.
    func run<Result: Sendable>(
        _ capability: String, provider: String, model: String, task: AgentTask,
        _ body: @Sendable () async throws -> ProviderAnswer<Result>
    ) async throws -> Result {
        for attempt in 0... {
            let call = ProviderCall(
                id: .v7(), workspaceID: task.workspaceID, jobID: task.jobID, capability: capability, provider: provider,
                model: model)
            try await ledger.begin(call)
            let start = ContinuousClock.now
            do {
                let answer = try await body()
                await end(call, "succeeded", answer.usage, start)
                return answer.result
            } catch {
                await end(call, Self.status(of: error), nil, start)
                guard let error = error as? ProviderError, error.isRetriable, error.code != .invalidAnswer,
                    attempt + 1 < tries
                else { throw error }
                let wait = error.retryAfter ?? backoff.delay(attempt: attempt)
                if wait > patience { throw error }
                try await Task.sleep(for: wait)
            }
        }
        throw CancellationError()
    }

    private func end(
        _ call: ProviderCall, _ status: String, _ usage: ProviderUsage?, _ start: ContinuousClock.Instant
    ) async {
        let elapsed = ContinuousClock.now - start
        MetricsRegistry.shared.observe(
            "provider_call_duration_seconds", "Time of calls to providers, by capability, provider and outcome.",
            ["capability": call.capability, "provider": call.provider, "outcome": status], elapsed.seconds)
        do {
            try await ledger.end(
                call, ProviderOutcome(status: status, usage: usage, milliseconds: elapsed.milliseconds))
        } catch {
            // The result is worth more than its row, which then says that the outcome is unknown.
            logger.warning("provider call cannot be completed in the ledger", ["error": .string("\(error)")])
        }
    }

    private static func status(of error: any Error) -> String {
        switch error {
        case let error as ProviderError: error.code.rawValue
        case let error as SpeechError: error.code.rawValue
        case is CancellationError: "cancelled"
        default: "failed"
        }
    }
}
