public import FoundationEssentials
public import Primitives

/// What a job is asked to do.
public struct JobRequest: Sendable {
    /// The identity: a second request with it changes nothing.
    public var id: UUID
    /// Which handler does it.
    public var kind: String
    /// The tenant.
    public var workspaceID: UUID
    /// The person who asks.
    public var userID: UUID?
    /// The project it belongs to.
    public var projectID: UUID?
    /// The asset it is about.
    public var assetID: UUID?
    /// The workflow run and step that asked, and which attempt of the step this is.
    public var runID: UUID?
    /// The step of that run.
    public var stepID: String?
    /// Which attempt of that step.
    public var attempt: Int
    /// The handler's parameters.
    public var payload: JSONValue
    /// From -100 to 100. One point weighs as much as one running job of the workspace.
    public var priority: Int
    /// When it has no use any more: the job then fails with `deadline_exceeded`.
    public var deadline: Date?
    /// How often it is begun at most; work that was given back by a process that stopped is not counted.
    public var maxAttempts: Int
    /// Not to be begun earlier.
    public var notBefore: Date?

    /// A request; all but kind and workspace have defaults.
    public init(
        id: UUID = .v7(), kind: String, workspaceID: UUID, userID: UUID? = nil, projectID: UUID? = nil,
        assetID: UUID? = nil, runID: UUID? = nil, stepID: String? = nil, attempt: Int = 1,
        payload: JSONValue = .object([:]), priority: Int = 0, deadline: Date? = nil, maxAttempts: Int = 3,
        notBefore: Date? = nil
    ) {
        self.id = id
        self.kind = kind
        self.workspaceID = workspaceID
        self.userID = userID
        self.projectID = projectID
        self.assetID = assetID
        self.runID = runID
        self.stepID = stepID
        self.attempt = attempt
        self.payload = payload
        self.priority = min(100, max(-100, priority))
        self.deadline = deadline
        self.maxAttempts = max(1, maxAttempts)
        self.notBefore = notBefore
    }
}
