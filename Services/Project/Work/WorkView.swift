import FoundationEssentials
import Primitives

/// A job as the API shows it (PRJ-016).
struct WorkView: Encodable, Sendable {
    let id: String
    let type: String
    let worker: String
    let status: String
    let progress: Int
    let etaMs: Int64?
    let projectId: String?
    let assetId: String?
    let runId: String?
    let stepId: String?
    let attempt: Int
    let result: JSONValue?
    let error: ErrorView?
    let createdAt: Date
    let updatedAt: Date
    let endedAt: Date?

    struct ErrorView: Encodable, Sendable {
        let code: String
        let message: String?
        let retriable: Bool
    }

    init(_ work: Work) {
        id = work.id.text
        type = work.kind
        worker = work.worker
        status = work.status
        progress = work.progress
        etaMs = work.etaMs
        projectId = work.projectID?.text
        assetId = work.assetID?.text
        runId = work.runID?.text
        stepId = work.stepID
        attempt = work.attempt
        result = work.output
        error = work.errorCode.map { ErrorView(code: $0, message: work.errorMessage, retriable: work.retriable) }
        createdAt = work.createdAt
        updatedAt = work.changedAt
        endedAt = work.endedAt
    }
}
