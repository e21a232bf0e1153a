import FoundationEssentials

/// What happened to one run so far: small, bounded, and without any payload (outputs are references).
struct RunState: Codable, Sendable, Equatable {
    enum Status: String, Codable, Sendable {
        case pending, running, succeeded, failed, cancelled
        var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
    }

    var status: Status = .pending
    var steps: [StepState]
    /// Grows with every dispatch of the run: a result that carries an older token of its item is stale.
    var lastToken: Int64 = 0
    /// When the run began and by when it must have ended, in Unix milliseconds.
    var startedAtMs: Int64?
    var deadlineAtMs: Int64?
    var endedAtMs: Int64?
    var error: StepError?

    init(definition: WorkflowDefinition) {
        steps = definition.steps.map { StepState(share: $0.share) }
    }

    /// How far the run is: the mean over its steps, each by its share of the work, 0 to 100.
    var progress: Int {
        guard !steps.isEmpty else { return 100 }
        if status == .succeeded { return 100 }
        let whole = steps.reduce(0) { $0 + ($1.share ?? 1) }
        return min(99, steps.reduce(0) { $0 + $1.progress * ($1.share ?? 1) } / max(1, whole))
    }

    var runningItems: Int { steps.reduce(0) { $0 + $1.items.count { $0.status == .running } } }

    /// The next time at which something is due: a retry, a timeout, the deadline. `nil` once the run has ended.
    var nextDueMs: Int64? {
        guard !status.isFinal else { return nil }
        var due = deadlineAtMs
        for step in steps where step.phase == .active {
            for item in step.items {
                if let at = item.dueAtMs { due = min(due ?? at, at) }
            }
        }
        return due
    }
}

/// One step of a run.
struct StepState: Codable, Sendable, Equatable {
    /// `blocked`: waits for other steps. `planning`: its items are being worked out. `active`: it has items.
    enum Phase: String, Codable, Sendable { case blocked, planning, active, succeeded, failed, cancelled, skipped }
    var phase: Phase = .blocked
    var items: [ItemState] = []
    /// How much of the run's work it is, beside the others' shares; 1 where nothing was said.
    var share: Int?

    var hasEnded: Bool { phase == .succeeded || phase == .skipped }

    var progress: Int {
        switch phase {
        case .succeeded, .skipped: 100
        case .active where !items.isEmpty:
            items.reduce(0) { $0 + ($1.status == .succeeded ? 100 : $1.progress ?? 0) } / items.count
        default: 0
        }
    }
}

/// One item of a step: the thing that a worker is asked to do.
struct ItemState: Codable, Sendable, Equatable {
    /// `waiting`: failed, and will be tried again at `dueAtMs`.
    enum Status: String, Codable, Sendable { case pending, running, waiting, succeeded, failed, cancelled }
    var status: Status = .pending
    var attempt = 0
    var token: Int64 = 0
    /// Running: when this attempt times out. Waiting: when it is tried again. Unix milliseconds.
    var dueAtMs: Int64?
    var startedAtMs: Int64?
    var endedAtMs: Int64?
    var progress: Int?
    /// Where the output is kept.
    var output: String?
    var error: StepError?
}

/// Why a step or a run failed.
struct StepError: Error, Codable, Sendable, Equatable {
    var code: String
    var message: String
    var retriable: Bool
}
