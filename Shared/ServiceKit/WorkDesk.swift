public import Events
internal import FoundationEssentials
public import Jobs
public import Outbox
public import Postgres
internal import Primitives

/// Where a worker's commands come in and what it tells of its jobs goes out: the same for every kind of worker.
///
/// `StartWork` becomes a row of the job table in the transaction of the inbox, and nothing else: long work never runs
/// inside a Kafka poll. Each change of a job becomes `WorkChanged` in the transaction of the change.
public struct WorkDesk: Sendable {
    public let worker: Worker
    public let store: JobStore
    private let accepts: Set<String>
    private let outbox: Outbox
    private let maxAttempts: Int

    /// - Parameters:
    ///   - kinds: the kinds of work that this worker does; a command of another kind is answered with a failure.
    ///   - maxAttempts: how often a job of an ended process or a passing fault is begun at most. A step of a workflow is
    ///     begun again by the workflow, so that its own jobs only survive the end of a process.
    public init(worker: Worker, kinds: Set<String>, postgres: PostgresClient, outbox: Outbox, maxAttempts: Int = 3) {
        self.worker = worker
        accepts = kinds
        self.outbox = outbox
        self.maxAttempts = maxAttempts
        store = JobStore(postgres) { job, transaction in
            try await outbox.append(WorkChanged(job, worker: worker), in: transaction)
        }
    }

    /// The commands of this worker.
    public var subscriptions: [Subscription] {
        [
            .on(StartWork.self, topics: [.commands(of: worker)]) { event, tx in
                try await start(event.payload, in: tx)
            },
            .on(CancelWork.self, topics: [.commands(of: worker)]) { event, tx in
                try await store.cancel(event.payload.workID, in: tx)
            },
            .on(RetryWork.self, topics: [.commands(of: worker)]) { event, tx in
                try await store.retry(event.payload.workID, in: tx)
            },
        ]
    }

    private func start(_ work: StartWork, in tx: PostgresTransaction) async throws {
        guard accepts.contains(work.kind) else {
            try await outbox.append(
                WorkChanged(
                    workID: work.workID, worker: worker, kind: work.kind, workspaceID: work.workspaceID,
                    userID: work.userID, projectID: work.projectID, runID: work.runID, stepID: work.stepID,
                    attempt: work.attempt, status: JobStatus.failed.rawValue, progress: 0, outputJSON: "",
                    errorCode: "unknown_kind", errorMessage: "\(worker.rawValue) has no work of kind \(work.kind).",
                    retriable: false), in: tx)
            return
        }
        let payload: JSONValue
        do { payload = try JSON.decode(JSONValue.self, from: work.inputJSON) } catch {
            throw EventRejected("input_json is no JSON")
        }
        try await store.enqueue(
            JobRequest(
                id: work.workID, kind: work.kind, workspaceID: work.workspaceID, userID: work.userID,
                projectID: work.projectID, runID: work.runID, stepID: work.stepID, attempt: work.attempt,
                payload: payload, deadline: work.deadlineMs.map(Date.init(milliseconds:)), maxAttempts: maxAttempts),
            in: tx)
    }
}

extension WorkChanged {
    /// What is told of a job.
    init(_ job: Job, worker: Worker) {
        self.init(
            workID: job.id, worker: worker, kind: job.kind, workspaceID: job.workspaceID,
            userID: job.userID ?? job.workspaceID, projectID: job.projectID, assetID: job.assetID, runID: job.runID,
            stepID: job.stepID, attempt: job.attempt, status: job.status.rawValue, progress: job.progress,
            etaMs: job.etaMs, outputJSON: job.output.flatMap { try? JSON.text($0) } ?? "", errorCode: job.errorCode,
            errorMessage: job.errorMessage, retriable: job.retriable ?? false)
    }
}
