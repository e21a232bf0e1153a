public import FoundationEssentials
internal import Primitives

/// The figures of one post, as its network counts them. Key: the publication.
public struct PostMetrics: EventPayload {
    public static let messageName = "atelier.publisher.v1.PostMetrics"
    public static let topics = [Topic.publisherEvents]
    public var key: String { publicationID.text }

    /// The publication.
    public var publicationID: UUID
    /// The social account.
    public var accountID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The network.
    public var platform: String
    /// The identifier that the network gave.
    public var postID: String
    /// How often it was seen.
    public var views: Int64
    /// How often it was liked.
    public var likes: Int64
    /// How often it was commented on.
    public var comments: Int64
    /// How often it was shared.
    public var shares: Int64
    /// When the figures were read, in milliseconds since 1970.
    public var readAtMs: Int64

    /// An event from its fields.
    public init(
        publicationID: UUID, accountID: UUID, workspaceID: UUID, projectID: UUID? = nil, platform: String,
        postID: String, views: Int64, likes: Int64, comments: Int64, shares: Int64, readAtMs: Int64
    ) {
        self.publicationID = publicationID
        self.accountID = accountID
        self.workspaceID = workspaceID
        self.projectID = projectID
        self.platform = platform
        self.postID = postID
        self.views = views
        self.likes = likes
        self.comments = comments
        self.shares = shares
        self.readAtMs = readAtMs
    }
}
