public import Auth
public import FoundationEssentials
internal import Primitives

/// Somebody who uses the product.
public struct Person: Sendable {
    public let id = UUID.v7()
    public let workspace: UUID
    public let session = UUID.v7()
    public let project = UUID.v7()
    public let role: Role

    /// Somebody with a workspace of their own, or in another's.
    public init(workspace: UUID? = nil, role: Role = .admin) {
        self.workspace = workspace ?? .v7()
        self.role = role
    }

    /// What an access token of theirs says.
    public var claims: AccessTokenClaims {
        AccessTokenClaims(
            userID: id, workspaceID: workspace, role: role, sessionID: session, lifetime: .seconds(600))
    }
}
