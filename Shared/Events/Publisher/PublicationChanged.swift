public import FoundationEssentials
internal import Primitives

/// A publication, or one of its targets, went on. Key: the publication.
public struct PublicationChanged: EventPayload {
    public static let messageName = "atelier.publisher.v1.PublicationChanged"
    public static let topics = [Topic.publisherEvents]
    public var key: String { publicationID.text }

    /// The publication.
    public var publicationID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person.
    public var userID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The workflow run it belongs to.
    public var runID: UUID?
    /// scheduled, publishing, published, partially_published, failed or cancelled.
    public var status: String
    /// A JSON array of {accountId, platform, status, postId, postUrl, error}.
    public var targetsJSON: String

    /// An event from its fields.
    public init(
        publicationID: UUID, workspaceID: UUID, userID: UUID, projectID: UUID? = nil, runID: UUID? = nil,
        status: String, targetsJSON: String
    ) {
        self.publicationID = publicationID
        self.workspaceID = workspaceID
        self.userID = userID
        self.projectID = projectID
        self.runID = runID
        self.status = status
        self.targetsJSON = targetsJSON
    }
}
