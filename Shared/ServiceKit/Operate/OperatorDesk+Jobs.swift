internal import Events
internal import FoundationEssentials
internal import Jobs
internal import Outbox
internal import Postgres
internal import Primitives

extension OperatorDesk {
    /// A job as an operator sees it.
    struct JobReport: Encodable, Sendable {
        let id: String
        let kind: String
        let status: String
        let progress: Int
        let tries: Int
        let maxAttempts: Int
        let cancelRequested: Bool
        let workspaceId: String
        let projectId: String?
        let assetId: String?
        let runId: String?
        let stepId: String?
        let errorCode: String?
        let errorMessage: String?
        let createdAt: Date
        let startedAt: Date?
        let endedAt: Date?
        let runAfter: Date
        let deadline: Date?
        let traceparent: String?
        var leaseOwner: String?
        var leaseUntil: Date?
        var payload: JSONValue?
        var output: JSONValue?

        init(_ job: Job) {
            (id, kind, status, progress) = (job.id.text, job.kind, job.status.rawValue, job.progress)
            (tries, maxAttempts, cancelRequested) = (job.tries, job.maxAttempts, job.cancelRequested)
            (workspaceId, projectId) = (job.workspaceID.text, job.projectID?.text)
            (assetId, runId, stepId) = (job.assetID?.text, job.runID?.text, job.stepID)
            (errorCode, errorMessage, traceparent) = (job.errorCode, job.errorMessage, job.traceparent)
            (createdAt, startedAt, endedAt) = (job.createdAt, job.startedAt, job.endedAt)
            (runAfter, deadline) = (job.runAfter, job.deadline)
        }
    }

    /// The job table as the service itself changes it, events included.
    private func store() throws -> JobStore {
        guard usesJobs, let worker = Worker(rawValue: name) else {
            let workers = Worker.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(reason: "\(name) has no jobs; ask \(workers)")
        }
        return WorkDesk.store(of: worker, postgres: postgres, outbox: Outbox(source: name))
    }

    func jobs(_ status: JobStatus?) async throws -> Answer {
        struct Document: Encodable, Sendable {
            let counts: [String: Int]
            let jobs: [JobReport]
        }
        let store = try store()
        let counts = try await store.counts()
        let jobs = try await store.jobs(status: status, limit: limit)
        let rows = jobs.map { job in
            [
                job.id.text, job.kind, job.status.rawValue, "\(job.progress) %", "\(job.tries)/\(job.maxAttempts)",
                job.createdAt.rfc3339, job.errorCode ?? "-",
            ]
        }
        let total = JobStatus.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        return Answer(
            text: total + "\n" + list(["ID", "KIND", "STATUS", "DONE", "TRIES", "ASKED", "ERROR"], rows, none: ""),
            document: Document(
                counts: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }),
                jobs: jobs.map(JobReport.init)))
    }

    func job(_ id: UUID) async throws -> Answer {
        guard let (job, lease) = try await store().shown(id) else {
            throw Refusal(reason: "there is no job \(id.text)")
        }
        var report = JobReport(job)
        (report.leaseOwner, report.leaseUntil) = (lease?.owner, lease?.until)
        (report.payload, report.output) = (Concealed.value(job.payload), job.output.map { Concealed.value($0) })
        return Answer(text: try lines(report), document: report)
    }

    /// Retry and cancel: what is so already stays so; what cannot be is refused with the reason.
    func change(_ id: UUID, retrying: Bool) async throws -> Answer {
        let store = try store()
        let (after, isNew) = try await postgres.withTransaction { tx -> (Job, Bool) in
            guard let before = try await store.job(id, in: tx) else {
                throw Refusal(reason: "there is no job \(id.text)")
            }
            if retrying, !before.status.isFinal { return (before, false) }
            if !retrying, before.status == .cancelled || before.cancelRequested { return (before, false) }
            if retrying ? before.status == .succeeded : before.status.isFinal {
                throw Refusal(reason: "the job has ended: \(before.status.rawValue)")
            }
            // The run would not take its result: it has given this attempt up.
            if retrying, let run = before.runID {
                throw Refusal(reason: "the job is a step of the run \(run.text): retry the run")
            }
            let after = try await retrying ? store.retry(id, in: tx) : store.cancel(id, in: tx)
            return (after ?? before, true)
        }
        let report = JobReport(after)
        return Answer(text: (isNew ? "" : "nothing to change\n") + (try lines(report)), document: report)
    }

    private func lines(_ job: JobReport) throws -> String {
        Columns.pairs([
            ("job", job.id), ("kind", job.kind), ("status", job.status), ("done", "\(job.progress) %"),
            ("tries", "\(job.tries) of \(job.maxAttempts)"),
            ("cancel", job.cancelRequested ? "asked for" : nil), ("error", job.errorCode),
            ("", job.errorMessage), ("workspace", job.workspaceId), ("project", job.projectId), ("asset", job.assetId),
            ("run", job.runId), ("step", job.stepId), ("asked", job.createdAt.rfc3339),
            ("not before", job.status == "pending" ? job.runAfter.rfc3339 : nil), ("begun", job.startedAt?.rfc3339),
            ("ended", job.endedAt?.rfc3339), ("deadline", job.deadline?.rfc3339), ("done by", job.leaseOwner),
            ("lease until", job.leaseUntil?.rfc3339), ("trace", job.traceparent),
            ("payload", try job.payload.map(text)), ("output", try job.output.map(text)),
        ])
    }
}
