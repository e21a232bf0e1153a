public import FoundationEssentials
internal import Primitives

/// A piece of work went on. On the worker's event topic. Key: the run, so that one consumer
/// has all that concerns a run; else the work.
public struct WorkChanged: EventPayload {
    public static let messageName = "atelier.work.v1.WorkChanged"
    public static let topics = Worker.allCases.map { Topic.events(of: $0) }
    public var topic: Topic { .events(of: worker) }
    public var key: String { (runID ?? workID).text }

    /// The piece of work.
    public var workID: UUID
    /// Whose work it is.
    public var worker: Worker
    /// What kind of it.
    public var kind: String
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person.
    public var userID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The asset.
    public var assetID: UUID?
    /// The workflow run it belongs to.
    public var runID: UUID?
    /// The step of that run.
    public var stepID: String?
    /// Which try this is.
    public var attempt: Int
    /// pending, running, succeeded, failed or cancelled.
    public var status: String
    /// 0 to 100.
    public var progress: Int
    /// The time that is still needed, in milliseconds.
    public var etaMs: Int64?
    /// A JSON object; empty until the work succeeded.
    public var outputJSON: String
    /// The stable code of what went wrong.
    public var errorCode: String?
    /// What went wrong, in words for people.
    public var errorMessage: String?
    /// Whether trying again may help.
    public var retriable: Bool

    /// An event from its fields.
    public init(
        workID: UUID, worker: Worker, kind: String, workspaceID: UUID, userID: UUID, projectID: UUID? = nil,
        assetID: UUID? = nil, runID: UUID? = nil, stepID: String? = nil, attempt: Int, status: String, progress: Int,
        etaMs: Int64? = nil, outputJSON: String, errorCode: String? = nil, errorMessage: String? = nil, retriable: Bool
    ) {
        self.workID = workID
        self.worker = worker
        self.kind = kind
        self.workspaceID = workspaceID
        self.userID = userID
        self.projectID = projectID
        self.assetID = assetID
        self.runID = runID
        self.stepID = stepID
        self.attempt = attempt
        self.status = status
        self.progress = progress
        self.etaMs = etaMs
        self.outputJSON = outputJSON
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.retriable = retriable
    }
}
