public import FoundationEssentials
internal import Primitives

/// A person opened a session. Key: the user.
public struct UserSignedIn: EventPayload {
    public static let messageName = "atelier.user.v1.UserSignedIn"
    public static let topics = [Topic.userEvents]
    public var key: String { userID.text }

    /// The person.
    public var userID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID

    /// An event from its fields.
    public init(userID: UUID, workspaceID: UUID) {
        self.userID = userID
        self.workspaceID = workspaceID
    }
}
