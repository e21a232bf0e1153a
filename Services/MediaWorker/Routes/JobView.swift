import FoundationEssentials
import HTTP
import Jobs
import Primitives

/// A job as the API shows it.
struct JobView: Encodable, Sendable {
    let id: String
    let kind: String
    let worker = "media-worker"
    let status: String
    let progress: Int
    let projectId: String?
    let assetId: String?
    let createdAt: Date

    init(_ job: Job) {
        id = job.id.text
        kind = job.kind
        status = job.status.rawValue
        progress = job.progress
        projectId = job.projectID?.text
        assetId = job.assetID?.text
        createdAt = job.createdAt
    }

    /// 202 with the job and where to ask for it.
    func accepted() throws -> HTTPResponse {
        try .json(.accepted, self, headers: ["Location": "/api/v1/jobs/\(id)"])
    }
}
