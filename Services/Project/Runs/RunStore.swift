import FoundationEssentials
import Postgres
import Primitives

/// The SQL of runs.
struct RunStore: Sendable {
    private let definitions = DefinitionCache()

    /// The statements that add a run, and its definition where it is new.
    func inserting(_ run: Run, in tx: PostgresTransaction) -> [PostgresQuery] {
        let definition = run.definition
        var statements: [PostgresQuery] = []
        if definitions[run.definitionID] == nil {
            statements.append(
                """
                INSERT INTO workflow_definition (id, document)
                VALUES (\(run.definitionID), \(PostgresJSON(definition))) ON CONFLICT DO NOTHING
                """)
            tx.onCommit { [definitions] in definitions[run.definitionID] = definition }
        }
        statements.append(
            """
            INSERT INTO run (id, workspace_id, user_id, project_id, workflow_id, definition_id, input, state, status,
                             outputs, trace_id, trace_sampled, due_at)
            VALUES (\(run.id), \(run.workspaceID), \(run.userID), \(run.projectID), \(definition.id),
                    \(run.definitionID), \(run.input), \(PostgresJSON(run.state)),
                    \(run.state.status.rawValue), \(run.outputs), \(run.traceID), \(run.traceSampled), \(due(run)))
            """)
        return statements
    }

    /// The statement that stores what an event changed.
    func updating(_ run: Run) -> PostgresQuery {
        """
        UPDATE run SET state = \(PostgresJSON(run.state)), status = \(run.state.status.rawValue),
            outputs = \(run.outputs), due_at = \(due(run)), updated_at = now()
        WHERE id = \(run.id)
        """
    }

    /// Stores when a run is to be looked at again.
    func update(_ run: Run, in tx: PostgresTransaction) async throws { try await tx.execute(updating(run)) }

    /// The run, locked until the transaction ends.
    func lock(_ id: UUID, in tx: PostgresTransaction) async throws -> Run? {
        guard let row = try await tx.query(locking(id)).first else { return nil }
        return try await decode(row, in: tx)
    }

    /// The statement of ``lock(_:in:)``, for a caller that sends it together with others.
    func locking(_ id: UUID) -> PostgresQuery { select + " WHERE id = \(id) FOR UPDATE" }

    /// Reads a row of ``locking(_:)``.
    func decode(_ row: PostgresRow, in tx: PostgresTransaction) async throws -> Run {
        try await decode(row) { try await tx.query($0) }
    }

    /// A run of a workspace.
    func find(_ id: UUID, workspace: UUID, on client: PostgresClient) async throws -> Run? {
        let rows = try await client.query(select + " WHERE id = \(id) AND workspace_id = \(workspace)")
        guard let row = rows.first else { return nil }
        return try await decode(row) { try await client.query($0) }
    }

    /// The runs of a workspace, newest first, before `cursor`.
    func list(
        workspace: UUID, project: UUID?, before cursor: UUID?, limit: Int, on client: PostgresClient
    ) async throws -> [Run] {
        var query = select + " WHERE workspace_id = \(workspace)"
        if let project { query = query + " AND project_id = \(project)" }
        if let cursor { query = query + " AND id < \(cursor)" }
        var runs: [Run] = []
        for row in try await client.query(query + " ORDER BY id DESC LIMIT \(limit)") {
            runs.append(try await decode(row) { try await client.query($0) })
        }
        return runs
    }

    /// A run for which something is due, locked; `nil` where there is none.
    func lockDue(in tx: PostgresTransaction) async throws -> Run? {
        let rows = try await tx.query(
            select + " WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED")
        guard let row = rows.first else { return nil }
        return try await decode(row) { try await tx.query($0) }
    }

    /// What the run's steps gave, by reference.
    func outputs(of run: UUID, in tx: PostgresTransaction) async throws -> [String: JSONValue] {
        try pairs(await tx.query("SELECT reference, output FROM run_output WHERE run_id = \(run)"))
    }

    /// Some of them.
    func outputs(_ references: Set<String>, of run: UUID, in tx: PostgresTransaction) async throws
        -> [String: JSONValue]
    {
        try pairs(
            await tx.query(
                """
                SELECT reference, output FROM run_output WHERE run_id = \(run) AND reference = ANY(\(Array(references)))
                """))
    }

    /// All of them, outside a transaction.
    func outputs(of run: UUID, on client: PostgresClient) async throws -> [String: JSONValue] {
        try pairs(await client.query("SELECT reference, output FROM run_output WHERE run_id = \(run)"))
    }

    /// Adds an output, and gives it and some others by reference.
    @discardableResult
    func insertOutput(
        _ output: JSONValue, reference: String, run: UUID, and others: Set<String> = [], in tx: PostgresTransaction
    ) async throws -> [String: JSONValue] {
        let wanted = others.union([reference])
        // The select sees what was there before.
        let rows = try await tx.query(
            """
            WITH made AS (
                INSERT INTO run_output (run_id, reference, output) VALUES (\(run), \(reference), \(output))
                ON CONFLICT DO NOTHING
            )
            SELECT reference, output FROM run_output WHERE run_id = \(run) AND reference = ANY(\(Array(wanted)))
            """)
        var outputs = try pairs(rows)
        if outputs[reference] == nil { outputs[reference] = output }
        return outputs
    }

    /// An earlier result for the same key, not older than thirty days.
    func cached(_ key: String, in tx: PostgresTransaction) async throws -> JSONValue? {
        try await tx.query(
            "SELECT output FROM result_cache WHERE key = \(key) AND created_at > now() - interval '30 days'"
        ).first?.decode(JSONValue.self)
    }

    func cache(_ output: JSONValue, key: String, workspace: UUID, in tx: PostgresTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO result_cache (key, workspace_id, output) VALUES (\(key), \(workspace), \(output))
            ON CONFLICT (key) DO UPDATE SET output = excluded.output, created_at = now()
            """)
    }

    private var select: PostgresQuery {
        """
        SELECT id, workspace_id, user_id, project_id, definition_id, input, state, outputs, trace_id, trace_sampled,
            created_at
        FROM run
        """
    }

    private func decode(
        _ row: PostgresRow, _ query: (PostgresQuery) async throws -> [PostgresRow]
    ) async throws -> Run {
        let (id, workspace, user, project, definitionID, input, state, outputs, trace, sampled, created) =
            try row.decode(
                (UUID, UUID, UUID, UUID, String, JSONValue, PostgresJSON<RunState>, JSONValue?, String, Bool, Date).self
            )
        return Run(
            id: id, workspaceID: workspace, userID: user, projectID: project,
            definition: try await definition(definitionID, query), definitionID: definitionID, input: input,
            state: state.value, outputs: outputs,
            traceID: trace, traceSampled: sampled, createdAt: created)
    }

    private func definition(
        _ id: String, _ query: (PostgresQuery) async throws -> [PostgresRow]
    ) async throws -> WorkflowDefinition {
        if let known = definitions[id] { return known }
        guard let row = try await query("SELECT document FROM workflow_definition WHERE id = \(id)").first else {
            throw StepError(code: "no_definition", message: "the workflow \(id) is gone", retriable: false)
        }
        let found = try row.decode(PostgresJSON<WorkflowDefinition>.self).value
        definitions[id] = found
        return found
    }

    private func pairs(_ rows: [PostgresRow]) throws -> [String: JSONValue] {
        try Dictionary(rows.map { try $0.decode((String, JSONValue).self) }) { first, _ in first }
    }

    private func due(_ run: Run) -> Date? { run.state.nextDueMs.map(Date.init(milliseconds:)) }
}
