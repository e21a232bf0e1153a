public import FoundationEssentials
internal import Primitives

/// A workflow run, or one step of it, went on. Key: the run.
public struct RunChanged: EventPayload {
    public static let messageName = "atelier.project.v1.RunChanged"
    public static let topics = [Topic.projectEvents]
    public var key: String { runID.text }

    /// The workflow run it belongs to.
    public var runID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person.
    public var userID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The name of the workflow.
    public var workflowID: String
    /// Where it stands.
    public var status: String
    /// 0 to 100.
    public var progress: Int
    /// The time that is still needed, in milliseconds.
    public var etaMs: Int64?
    /// Steps that ended.
    public var stepsDone: Int
    /// Steps that the run has.
    public var stepsTotal: Int
    /// The step of that run.
    public var stepID: String?
    /// Where the step stands.
    public var stepStatus: String?
    /// The stable code of what went wrong.
    public var errorCode: String?
    /// The film, once the run made one.
    public var filmAssetID: UUID?

    /// An event from its fields.
    public init(
        runID: UUID, workspaceID: UUID, userID: UUID, projectID: UUID? = nil, workflowID: String, status: String,
        progress: Int, etaMs: Int64? = nil, stepsDone: Int, stepsTotal: Int, stepID: String? = nil,
        stepStatus: String? = nil, errorCode: String? = nil, filmAssetID: UUID? = nil
    ) {
        self.runID = runID
        self.workspaceID = workspaceID
        self.userID = userID
        self.projectID = projectID
        self.workflowID = workflowID
        self.status = status
        self.progress = progress
        self.etaMs = etaMs
        self.stepsDone = stepsDone
        self.stepsTotal = stepsTotal
        self.stepID = stepID
        self.stepStatus = stepStatus
        self.errorCode = errorCode
        self.filmAssetID = filmAssetID
    }
}
