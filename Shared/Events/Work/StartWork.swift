public import FoundationEssentials
internal import Primitives

/// Asks a worker to do a piece of work; its id makes asking twice harmless. On the worker's command topic, keyed by the work.
public struct StartWork: EventPayload {
    public static let messageName = "atelier.work.v1.StartWork"
    public static let topics = Worker.allCases.map { Topic.commands(of: $0) }
    public var topic: Topic { .commands(of: worker) }
    public var key: String { workID.text }

    /// The piece of work.
    public var workID: UUID
    /// media-worker, ml-worker or publisher.
    public var worker: Worker
    /// What kind of it.
    public var kind: String
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person.
    public var userID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The workflow run it belongs to.
    public var runID: UUID?
    /// The step of that run.
    public var stepID: String?
    /// From 1.
    public var attempt: Int
    /// A JSON object.
    public var inputJSON: String
    /// When the work is no longer wanted, in milliseconds since 1970.
    public var deadlineMs: Int64?

    /// An event from its fields.
    public init(
        workID: UUID, worker: Worker, kind: String, workspaceID: UUID, userID: UUID, projectID: UUID? = nil,
        runID: UUID? = nil, stepID: String? = nil, attempt: Int, inputJSON: String, deadlineMs: Int64? = nil
    ) {
        self.workID = workID
        self.worker = worker
        self.kind = kind
        self.workspaceID = workspaceID
        self.userID = userID
        self.projectID = projectID
        self.runID = runID
        self.stepID = stepID
        self.attempt = attempt
        self.inputJSON = inputJSON
        self.deadlineMs = deadlineMs
    }
}
