public import FoundationEssentials
internal import Primitives

/// A project was created, updated or deleted. Key: the project.
public struct ProjectChanged: EventPayload {
    public static let messageName = "atelier.project.v1.ProjectChanged"
    public static let topics = [Topic.projectEvents]
    public var key: String { projectID.text }

    /// The project it belongs to.
    public var projectID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person who owns it.
    public var ownerID: UUID
    /// The title as people see it.
    public var title: String
    /// Where it stands.
    public var status: String
    /// created, updated or deleted.
    public var change: String

    /// An event from its fields.
    public init(projectID: UUID, workspaceID: UUID, ownerID: UUID, title: String, status: String, change: String) {
        self.projectID = projectID
        self.workspaceID = workspaceID
        self.ownerID = ownerID
        self.title = title
        self.status = status
        self.change = change
    }
}
