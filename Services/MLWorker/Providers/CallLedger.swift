import FoundationEssentials

/// A call to a provider, as it stands in the ledger.
struct ProviderCall: Sendable, Hashable {
    let id: UUID
    let workspaceID: UUID
    let jobID: UUID
    /// `text` or `speech`.
    let capability: String
    let provider: String
    let model: String
}

/// How a call ended.
struct ProviderOutcome: Sendable, Hashable {
    /// `succeeded`, or the code of the error. A row without one was begun by a process that died: what it cost is unknown.
    let status: String
    let usage: ProviderUsage?
    let milliseconds: Int64
}

/// Remembers every call to a provider: written before the call, completed after it.
protocol CallLedger: Sendable {
    func begin(_ call: ProviderCall) async throws
    func end(_ call: ProviderCall, _ outcome: ProviderOutcome) async throws
}
