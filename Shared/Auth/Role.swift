/// What a person may do in a workspace. `admin` of the installation is another thing and not part of a token.
public enum Role: String, Sendable, Codable, CaseIterable {
    /// May do everything, also manage members.
    case admin
    /// Leads projects: makes, changes, approves, publishes.
    case pm
    /// Makes and changes content.
    case creative
    /// Plans and publishes what is approved.
    case traffic
    /// Reads and comments.
    case user

    /// Whether the role may create and change content.
    public var canWrite: Bool { self != .user }
    /// Whether the role may publish outside and connect social accounts.
    public var canPublish: Bool { self == .admin || self == .pm || self == .traffic }
    /// Whether the role may manage members, webhooks and settings of the workspace.
    public var canManage: Bool { self == .admin }
}
