public import FoundationEssentials

/// Who makes a request, as the access token says.
public struct Principal: Sendable, Hashable {
    public let userID: UUID
    public let workspaceID: UUID
    /// The role in that workspace.
    public let role: Role
    public let sessionID: UUID
    /// When the token that said so ends.
    public let expiresAt: Date

    public init(userID: UUID, workspaceID: UUID, role: Role, sessionID: UUID, expiresAt: Date) {
        self.userID = userID
        self.workspaceID = workspaceID
        self.role = role
        self.sessionID = sessionID
        self.expiresAt = expiresAt
    }
}
