public import Events
internal import FoundationEssentials
public import HTTP
public import Jobs
internal import Primitives

/// A job as the API shows it where it was asked for.
public struct JobView: Encodable, Sendable {
    private let id: String
    private let kind: String
    private let worker: String
    private let status: String
    private let progress: Int
    private let projectId: String?
    private let assetId: String?
    private let createdAt: Date

    /// - Parameter worker: who does it.
    public init(_ job: Job, worker: Worker) {
        id = job.id.text
        kind = job.kind
        self.worker = worker.rawValue
        status = job.status.rawValue
        progress = job.progress
        projectId = job.projectID?.text
        assetId = job.assetID?.text
        createdAt = job.createdAt
    }

    /// 202 with the job and where to ask for it.
    public func accepted() throws -> HTTPResponse {
        try .json(.accepted, self, headers: ["Location": "/api/v1/jobs/\(id)"])
    }
}
