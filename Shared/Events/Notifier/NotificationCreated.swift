public import FoundationEssentials
internal import Primitives

/// A person was told something. Key: the user.
public struct NotificationCreated: EventPayload {
    public static let messageName = "atelier.notifier.v1.NotificationCreated"
    public static let topics = [Topic.notifierEvents]
    public var key: String { userID.text }

    /// The notification.
    public var notificationID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person.
    public var userID: UUID
    /// What kind of it.
    public var kind: String

    /// An event from its fields.
    public init(notificationID: UUID, workspaceID: UUID, userID: UUID, kind: String) {
        self.notificationID = notificationID
        self.workspaceID = workspaceID
        self.userID = userID
        self.kind = kind
    }
}
