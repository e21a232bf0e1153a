public import FoundationEssentials
internal import Primitives

/// A person has an account and a workspace of their own. Key: the user.
public struct UserRegistered: EventPayload {
    public static let messageName = "atelier.user.v1.UserRegistered"
    public static let topics = [Topic.userEvents]
    public var key: String { userID.text }

    /// The person.
    public var userID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The address as given.
    public var email: String
    /// The name in the product.
    public var username: String
    /// When, in milliseconds since 1970.
    public var atMs: Int64

    /// An event from its fields.
    public init(userID: UUID, workspaceID: UUID, email: String, username: String, atMs: Int64) {
        self.userID = userID
        self.workspaceID = workspaceID
        self.email = email
        self.username = username
        self.atMs = atMs
    }
}
