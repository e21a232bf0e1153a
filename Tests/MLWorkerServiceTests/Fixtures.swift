import FoundationEssentials
import Primitives
import Speech
import Synchronization
import Telemetry

@testable import MLWorkerService

/// A ledger in memory.
final class MemoryLedger: CallLedger {
    private let rows = Mutex<[(call: ProviderCall, outcome: ProviderOutcome?)]>([])

    var calls: [(call: ProviderCall, outcome: ProviderOutcome?)] { rows.withLock { $0 } }

    func begin(_ call: ProviderCall) async throws { rows.withLock { $0.append((call, nil)) } }

    func end(_ call: ProviderCall, _ outcome: ProviderOutcome) async throws {
        rows.withLock { rows in
            guard let index = rows.firstIndex(where: { $0.call.id == call.id }) else { return }
            rows[index].outcome = outcome
        }
    }
}

extension AgentTask {
    /// Work for nobody in particular.
    static func test(_ identity: UUID = .v7()) -> AgentTask {
        AgentTask(jobID: .v7(), workspaceID: .v7(), userID: .v7(), projectID: nil, identity: identity)
    }
}

extension MeteredCall {
    /// Calls that wait for nothing long.
    static func test(_ ledger: any CallLedger = MemoryLedger()) -> MeteredCall {
        MeteredCall(
            ledger: ledger, logger: Logger(service: "test", sink: MemoryLogSink()),
            backoff: .init(base: .milliseconds(1), maximum: .milliseconds(2)))
    }
}

extension TextRouter {
    static var embedded: TextRouter { TextRouter(chosen: EmbeddedText(), fallback: nil, calls: .test()) }
}

extension SpeechRouter {
    static var embedded: SpeechRouter {
        SpeechRouter(chosen: EmbeddedVoice(engine: EspeakVoice()), fallback: nil, calls: .test())
    }
}
