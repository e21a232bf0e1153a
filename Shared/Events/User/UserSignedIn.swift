public import FoundationEssentials
internal import Primitives

/// A person opened a session. Key: the user.
public struct UserSignedIn: EventPayload {
    /// The full name of the message.
    public static let messageName = "atelier.user.v1.UserSignedIn"
    /// Where such events are found.
    public static let topics = [Topic.userEvents]
    /// What it is kept in order by.
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
