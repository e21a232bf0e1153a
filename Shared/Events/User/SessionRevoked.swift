public import FoundationEssentials
internal import Primitives

/// A session, or all sessions where session_id is absent, must no longer be honoured. Key: the user.
public struct SessionRevoked: EventPayload {
    public static let messageName = "atelier.user.v1.SessionRevoked"
    public static let topics = [Topic.userEvents]
    public var key: String { userID.text }

    /// The person.
    public var userID: UUID
    /// The session; all sessions of the person where it is absent.
    public var sessionID: UUID?
    /// Why.
    public var reason: String

    /// An event from its fields.
    public init(userID: UUID, sessionID: UUID? = nil, reason: String) {
        self.userID = userID
        self.sessionID = sessionID
        self.reason = reason
    }
}
