public import Events
internal import FoundationEssentials
public import Jobs
public import Outbox
public import Postgres
public import Primitives

/// Where a worker's commands come in and what it tells of its jobs goes out: the same for every kind of worker.
///
/// `StartWork` becomes a row of the job table in the transaction of the inbox, and nothing else: long work never runs
/// inside a Kafka poll. Each change of a job becomes `WorkChanged` in the transaction of the change.
public struct WorkDesk: Sendable {
    /// Answers work at once, without waiting for anything: from an input, its output.
    public typealias Instant = @Sendable (JSONValue) throws -> JSONValue

    /// Who takes the commands; names the topics.
    public let worker: Worker
    /// The job table; each change of a job tells `WorkChanged`.
    public let store: JobStore
    private let accepts: Set<String>
    private let instant: [String: Instant]
    private let outbox: Outbox
    private let maxAttempts: Int

    /// - Parameters:
    ///   - kinds: the kinds of work that this worker does; a command of another kind is answered with a failure.
    ///   - instant: kinds that need no job: they are answered in the transaction of the command itself.
    ///   - maxAttempts: how often a job of an ended process or a passing fault is begun at most. A step of a workflow is
    ///     begun again by the workflow, so that its own jobs only survive the end of a process.
    public init(
        worker: Worker, kinds: Set<String>, postgres: PostgresClient, outbox: Outbox,
        instant: [String: Instant] = [:], maxAttempts: Int = 3
    ) {
        self.worker = worker
        accepts = kinds
        self.instant = instant
        self.outbox = outbox
        self.maxAttempts = maxAttempts
        store = Self.store(of: worker, postgres: postgres, outbox: outbox)
    }

    /// A worker's job table; each change of a job tells `WorkChanged`.
    static func store(of worker: Worker, postgres: PostgresClient, outbox: Outbox) -> JobStore {
        JobStore(postgres) { job, transaction in
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

    func start(_ work: StartWork, in tx: PostgresTransaction) async throws {
        guard accepts.contains(work.kind) || instant[work.kind] != nil else {
            try await outbox.append(
                answer(work, error: ("unknown_kind", "\(worker.rawValue) has no work of kind \(work.kind).")), in: tx)
            return
        }
        let payload: JSONValue
        do { payload = try JSON.decode(JSONValue.self, from: work.inputJSON) } catch {
            throw EventRejected("input_json is no JSON")
        }
        if let instant = instant[work.kind] {
            try await outbox.append(answer(work, outputJSON: JSON.text(try instant(payload))), in: tx)
            return
        }
        try await store.enqueue(
            JobRequest(
                id: work.workID, kind: work.kind, workspaceID: work.workspaceID, userID: work.userID,
                projectID: work.projectID, runID: work.runID, stepID: work.stepID, attempt: work.attempt,
                payload: payload, deadline: work.deadlineMs.map(Date.init(milliseconds:)), maxAttempts: maxAttempts),
            in: tx)
    }

    /// The end of work that never was a job.
    private func answer(
        _ work: StartWork, outputJSON: String = "", error: (code: String, message: String)? = nil
    ) -> WorkChanged {
        WorkChanged(
            workID: work.workID, worker: worker, kind: work.kind, workspaceID: work.workspaceID, userID: work.userID,
            projectID: work.projectID, runID: work.runID, stepID: work.stepID, attempt: work.attempt,
            status: (error == nil ? JobStatus.succeeded : .failed).rawValue, progress: error == nil ? 100 : 0,
            outputJSON: outputJSON, errorCode: error?.code, errorMessage: error?.message, retriable: false)
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
