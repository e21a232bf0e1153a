import Crypto
import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives
import Telemetry

/// Carries out what the engine decides: state, payloads and messages change in one transaction.
///
/// The engine is asked again with the answers to its own commands (plans, cached results) until it wants nothing more
/// that can be done here; what is left goes out as events through the outbox.
struct RunDriver: Sendable {
    let store: RunStore
    let outbox: Outbox
    let metrics: MetricsRegistry
    /// Sets the project's status, where the change is one that the project allows.
    let setProjectStatus: @Sendable (_ project: UUID, _ status: String, PostgresTransaction) async throws -> Void
    /// Takes the project out of some statuses, back to where it rested, unless another run leads it still.
    let restProject:
        @Sendable (_ project: UUID, _ run: UUID, _ from: [ProjectStatus], PostgresTransaction) async throws -> Void

    /// The largest output that a step may give in itself; what is larger belongs into an asset.
    static let outputLimit = 65_536

    /// Starts a run that was just made.
    /// - Returns: the run after its first steps.
    func start(_ run: Run, in tx: PostgresTransaction) async throws -> Run {
        var run = run
        try await apply(.start, to: &run, isNew: true, in: tx)
        return run
    }

    /// Applies an event to a run that is locked by this transaction.
    /// - Parameters:
    ///   - outputs: what steps gave, as far as it is known already; more is loaded where a template names it.
    ///   - isNew: whether the run has no row yet.
    func apply(
        _ event: RunEvent, to run: inout Run, outputs: [String: JSONValue] = [:], isNew: Bool = false,
        in tx: PostgresTransaction
    ) async throws {
        let before = run.state
        let machine = RunMachine(definition: run.definition)
        var known = outputs
        var messages: [OutboxEntry] = []
        var open = [event]
        while !open.isEmpty {
            let event = open.removeFirst()
            let result = machine.apply(event, to: run.state, nowMs: Date().milliseconds)
            run.state = result.state
            var scope: RunScope?
            for command in result.commands {
                let missing = run.references(in: templates(command, run.definition)).subtracting(known.keys)
                if !missing.isEmpty {
                    known.merge(try await store.outputs(missing, of: run.id, in: tx)) { $1 }
                    scope = nil
                }
                let values = scope ?? RunScope(run, outputs: known)
                scope = values
                if let answer = try await perform(command, for: &run, values, &messages, in: tx) { open.append(answer) }
            }
        }
        guard run.state != before || isNew else { return }
        try await tell(run, before: before, &messages, in: tx)
        // One round trip for all of it.
        var statements = isNew ? store.inserting(run, in: tx) : [store.updating(run)]
        if let statement = outbox.statement(adding: messages, in: tx) { statements.append(statement) }
        _ = try await tx.batch(statements)
    }

    /// The templates that a command needs the values of.
    private func templates(_ command: RunCommand, _ definition: WorkflowDefinition) -> [JSONValue?] {
        switch command {
        case .plan(let step): [definition.steps[step].when, definition.steps[step].forEach]
        case .dispatch(let key, _, _, _): [definition.steps[key.step].forEach, definition.steps[key.step].input]
        case .abort: []
        case .end(let status): status == .succeeded ? Array(definition.outputs.values) : []
        }
    }

    /// Whether a worker's news can change a run: that work waits or has just begun does not.
    static func concerns(_ change: WorkChanged) -> Bool {
        change.runID != nil && change.stepID != nil && change.status != "pending"
            && (change.status != "running" || change.progress > 0)
    }

    /// Takes a worker's answer into its run, which is locked; stale ones change nothing.
    func take(_ change: WorkChanged, into run: Run, in tx: PostgresTransaction) async throws {
        var run = run
        guard let key = change.stepID.flatMap(run.key(stepName:)) else { return }
        let token = Int64(change.attempt)
        switch change.status {
        case "running":
            try await apply(.progressed(key, token: token, percent: change.progress), to: &run, in: tx)
        case "succeeded":
            try await succeed(key, token: token, change, &run, in: tx)
        case "failed":
            let error = StepError(
                code: change.errorCode ?? "failed", message: change.errorMessage ?? "", retriable: change.retriable)
            try await apply(.failed(key, token: token, error), to: &run, in: tx)
        case "cancelled":
            let error = StepError(code: "cancelled", message: "the step was cancelled", retriable: false)
            try await apply(.failed(key, token: token, error), to: &run, in: tx)
        default: break
        }
    }

    private func succeed(
        _ key: ItemKey, token: Int64, _ change: WorkChanged, _ run: inout Run, in tx: PostgresTransaction
    ) async throws {
        guard change.outputJSON.utf8.count <= Self.outputLimit,
            let output = try? JSON.decode(JSONValue.self, from: change.outputJSON.isEmpty ? "null" : change.outputJSON)
        else {
            let error = StepError(code: "bad_output", message: "the worker gave no usable output", retriable: false)
            return try await apply(.failed(key, token: token, error), to: &run, in: tx)
        }
        let reference = "\(run.stepName(key))/\(token)"
        let step = run.definition.steps[key.step]
        let isKept = step.cache == true
        let outputs = try await store.insertOutput(
            output, reference: reference, run: run.id,
            and: isKept ? run.references(in: [step.forEach, step.input]) : [], in: tx)
        if isKept {
            let input = try RunScope(run, outputs: outputs).input(of: key)
            try await store.cache(
                output, key: cacheKey(key, input, run), workspace: run.workspaceID, in: tx)
        }
        try await apply(.succeeded(key, token: token, output: reference), to: &run, outputs: outputs, in: tx)
    }

    /// Does one command; the result is the event that answers it here and now.
    private func perform(
        _ command: RunCommand, for run: inout Run, _ scope: RunScope, _ messages: inout [OutboxEntry],
        in tx: PostgresTransaction
    ) async throws -> RunEvent? {
        switch command {
        case .plan(let step):
            do { return .planned(step: step, items: try scope.items(of: run.definition.steps[step])) } catch {
                return .planFailed(step: step, error as? StepError ?? .unexpected)
            }
        case .dispatch(let key, _, let token, let deadline):
            return try await dispatch(key, token: token, deadlineAtMs: deadline, run, scope, &messages, in: tx)
        case .abort(let key, let token):
            let worker = run.definition.steps[key.step].worker
            let cancel = CancelWork(
                workID: run.workID(key, token: token), worker: worker.inFleet, reason: "not needed any more")
            messages.append(try OutboxEntry(cancel, source: outbox.source))
            return nil
        case .end(let status):
            if status == .succeeded { run.outputs = scope.outputs() }
            return nil
        }
    }

    private func dispatch(
        _ key: ItemKey, token: Int64, deadlineAtMs: Int64, _ run: Run, _ scope: RunScope,
        _ messages: inout [OutboxEntry], in tx: PostgresTransaction
    ) async throws -> RunEvent? {
        let step = run.definition.steps[key.step]
        let input: JSONValue
        do { input = try scope.input(of: key) } catch {
            return .failed(key, token: token, error as? StepError ?? .unexpected)
        }
        if step.cache == true, let output = try await store.cached(cacheKey(key, input, run), in: tx) {
            let reference = "\(run.stepName(key))/\(token)"
            try await store.insertOutput(output, reference: reference, run: run.id, in: tx)
            metrics.count("workflow_cache_hits_total", "Steps answered with an earlier result.", ["agent": step.agent])
            return .succeeded(key, token: token, output: reference)
        }
        if key.item == 0, let status = step.projectStatus { try await setProjectStatus(run.projectID, status, tx) }
        let start = StartWork(
            workID: run.workID(key, token: token), worker: step.worker.inFleet, kind: step.agent,
            workspaceID: run.workspaceID, userID: run.userID, projectID: run.projectID, runID: run.id,
            stepID: run.stepName(key), attempt: Int(token), inputJSON: try JSON.text(input), deadlineMs: deadlineAtMs)
        messages.append(try OutboxEntry(start, source: outbox.source))
        return nil
    }

    private func cacheKey(_ key: ItemKey, _ input: JSONValue, _ run: Run) throws -> String {
        let step = run.definition.steps[key.step]
        let text = "\(run.workspaceID.text)\n\(step.agent)\n\(step.agentVersion ?? 1)\n" + (try JSON.text(input))
        return SHA256.hash(Data(text.utf8)).hex
    }

    /// Tells the others what changed, and the project its status.
    private func tell(
        _ run: Run, before: RunState, _ messages: inout [OutboxEntry], in tx: PostgresTransaction
    ) async throws {
        let state = run.state
        if state.status != before.status, state.status.isFinal {
            let seconds = Double((state.endedAtMs ?? 0) - (state.startedAtMs ?? 0)) / 1000
            metrics.observe(
                "pipeline_duration_seconds", "Runs from start to end (AGT-034).",
                ["workflow": run.definition.id, "status": state.status.rawValue], seconds,
                buckets: MetricsRegistry.longBuckets)
            try await finishProject(run, in: tx)
        } else if before.status.isFinal, state.status == .running {
            // It goes on where it was: its first step may be one that names no stage.
            let stage = run.definition.steps.indices.last {
                run.definition.steps[$0].projectStatus != nil && state.steps[$0].phase != .blocked
            }
            if let stage, let status = run.definition.steps[stage].projectStatus {
                try await setProjectStatus(run.projectID, status, tx)
            }
        }
        let ended = state.steps.filter(\.hasEnded).count
        // Progress within a step is told by the worker itself; here only what changes the run is.
        guard state.status != before.status || state.steps.map(\.phase) != before.steps.map(\.phase) else { return }
        let current = run.definition.steps.indices.first { state.steps[$0].phase == .active }
        let change = RunChanged(
            runID: run.id, workspaceID: run.workspaceID, userID: run.userID, projectID: run.projectID,
            workflowID: run.definition.id, status: state.status.rawValue, progress: state.progress,
            etaMs: eta(state), stepsDone: ended, stepsTotal: state.steps.count,
            stepID: current.map { run.definition.steps[$0].id },
            stepStatus: current.map { state.steps[$0].phase.rawValue }, errorCode: state.error?.code,
            filmAssetID: run.outputs?["film"]?.stringValue.flatMap(UUID.init(uuidString:)))
        messages.append(try OutboxEntry(change, source: outbox.source))
    }

    private func finishProject(_ run: Run, in tx: PostgresTransaction) async throws {
        guard run.definition.steps.contains(where: { $0.projectStatus != nil }) else { return }
        switch run.state.status {
        case .succeeded:
            let isPublished = run.definition.steps.indices.contains {
                run.definition.steps[$0].worker == .publisher && run.state.steps[$0].phase == .succeeded
            }
            if isPublished { return try await setProjectStatus(run.projectID, "published", tx) }
            // What was made is not out: the project is as published as it was before.
            try await restProject(run.projectID, run.id, ProjectStatus.stages + [.failed], tx)
        case .failed: try await setProjectStatus(run.projectID, "failed", tx)
        default: try await restProject(run.projectID, run.id, ProjectStatus.stages, tx)
        }
    }

    /// What is left, by the pace so far; `nil` where nothing can be said yet.
    private func eta(_ state: RunState) -> Int64? {
        guard state.status == .running, state.progress >= 5, let start = state.startedAtMs else { return nil }
        return (Date().milliseconds - start) * Int64(100 - state.progress) / Int64(state.progress)
    }
}

extension StepError {
    fileprivate static let unexpected = StepError(
        code: "internal_error", message: "the step could not be prepared", retriable: false)
}

extension WorkflowDefinition.Worker {
    /// The service that does it.
    var inFleet: Worker {
        switch self {
        case .ml: .mlWorker
        case .media: .mediaWorker
        case .publisher: .publisher
        }
    }
}
