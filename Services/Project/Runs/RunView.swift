import FoundationEssentials
import Primitives

/// A run as the API shows it (design §3).
struct RunView: Encodable, Sendable {
    let id: String
    let workflowId: String
    let projectId: String
    let status: String
    let progress: Int
    let input: JSONValue
    let outputs: JSONValue
    let error: ErrorView?
    let steps: [StepView]
    let traceId: String
    let createdAt: Date
    let startedAt: Date?
    let endedAt: Date?

    struct ErrorView: Encodable, Sendable {
        let code: String
        let message: String

        init(_ error: StepError) {
            code = error.code
            message = error.message
        }
    }

    /// One item of one step.
    struct StepView: Encodable, Sendable {
        let id: String
        let agent: String
        let status: String
        let attempt: Int
        let progress: Int
        let startedAt: Date?
        let endedAt: Date?
        let outputs: JSONValue
        let error: ErrorView?
        /// Why it was skipped.
        var note: String?
    }

    /// - Parameter outputs: what the steps gave, by reference.
    init(_ run: Run, outputs: [String: JSONValue]) {
        id = run.id.text
        workflowId = run.definition.id
        projectId = run.projectID.text
        status = run.state.status.rawValue
        progress = run.state.progress
        input = run.input
        self.outputs = run.outputs ?? [:]
        error = run.state.error.map(ErrorView.init)
        traceId = run.traceID
        createdAt = run.createdAt
        startedAt = run.state.startedAtMs.map(Date.init(milliseconds:))
        endedAt = run.state.endedAtMs.map(Date.init(milliseconds:))
        steps = run.state.steps.indices.flatMap { Self.steps(run, $0, outputs) }
    }

    private static func steps(_ run: Run, _ index: Int, _ outputs: [String: JSONValue]) -> [StepView] {
        let step = run.state.steps[index]
        let agent = run.definition.steps[index].agent
        guard !step.items.isEmpty else {
            let status =
                switch step.phase {
                case .blocked, .planning, .active: "pending"
                default: step.phase.rawValue
                }
            return [
                StepView(
                    id: run.definition.steps[index].id, agent: agent, status: status, attempt: 0,
                    progress: step.progress, startedAt: nil, endedAt: nil, outputs: nil, error: nil,
                    note: step.phase == .skipped ? run.definition.steps[index].skipNote : nil)
            ]
        }
        return step.items.enumerated().map { position, item in
            StepView(
                id: run.stepName(ItemKey(step: index, item: position)), agent: agent, status: item.status.rawValue,
                attempt: item.attempt, progress: item.progress ?? (item.status == .succeeded ? 100 : 0),
                startedAt: item.startedAtMs.map(Date.init(milliseconds:)),
                endedAt: item.endedAtMs.map(Date.init(milliseconds:)),
                outputs: item.output.flatMap { outputs[$0] } ?? nil, error: item.error.map(ErrorView.init))
        }
    }
}
