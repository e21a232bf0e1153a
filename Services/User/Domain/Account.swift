import Auth
import FoundationEssentials
import Primitives

/// A person's account together with the workspace in which the session works.
struct Account: Sendable, Equatable {
    let id: UUID
    let email: String
    let username: String
    let displayName: String
    /// The role in the installation: `user` or `admin`.
    let role: String
    let isDisabled: Bool
    let workspaceID: UUID
    let workspaceRole: Role
    let createdAt: Date
    let updatedAt: Date
}

/// An account as the API shows it.
struct AccountView: Sendable, Encodable {
    let id: String
    let email: String
    let username: String
    let displayName: String
    let role: String
    let workspaceId: String
    let workspaceRole: String
    let createdAt: Date
    let updatedAt: Date

    init(_ account: Account) {
        id = account.id.text
        email = account.email
        username = account.username
        displayName = account.displayName
        role = account.role
        workspaceId = account.workspaceID.text
        workspaceRole = account.workspaceRole.rawValue
        createdAt = account.createdAt
        updatedAt = account.updatedAt
    }
}
