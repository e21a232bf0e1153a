import Postgres

/// The ledger of calls to providers, in Postgres.
struct CallTable: CallLedger {
    let postgres: PostgresClient

    func begin(_ call: ProviderCall) async throws {
        try await postgres.execute(
            """
            INSERT INTO provider_call (id, workspace_id, job_id, capability, provider, model)
            VALUES (\(call.id), \(call.workspaceID), \(call.jobID), \(call.capability), \(call.provider), \(call.model))
            """)
    }

    func end(_ call: ProviderCall, _ outcome: ProviderOutcome) async throws {
        try await postgres.execute(
            """
            UPDATE provider_call SET status = \(outcome.status), unit = \(outcome.usage?.unit),
                units_in = \(outcome.usage.map { Int64($0.input) }), units_out = \(outcome.usage.map { Int64($0.output) }),
                milliseconds = \(outcome.milliseconds)
            WHERE id = \(call.id)
            """)
    }
}
