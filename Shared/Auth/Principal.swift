public import FoundationEssentials

/// Who makes a request, as the access token says.
public struct Principal: Sendable, Hashable {
    /// The person (`sub`).
    public let userID: UUID
    /// The workspace that the session works in (`wsp`): the tenant.
    public let workspaceID: UUID
    /// The role in that workspace.
    public let role: Role
    /// The login that the token comes from (`sid`); what ends it ends all its tokens.
    public let sessionID: UUID
    /// When the token that said so ends.
    public let expiresAt: Date

    /// A principal of words alone, for tests; a true one comes from ``TokenVerifier/verify(_:now:)``.
    public init(userID: UUID, workspaceID: UUID, role: Role, sessionID: UUID, expiresAt: Date) {
        self.userID = userID
        self.workspaceID = workspaceID
        self.role = role
        self.sessionID = sessionID
        self.expiresAt = expiresAt
    }
}
