import FoundationEssentials

/// An account on a network, as its workspace sees it: without tokens.
struct SocialAccount: Sendable, Codable, Equatable {
    let id: UUID
    let platform: String
    let platformUserId: String
    let username: String
    /// `active`, or `disconnected` where the network does not take our tokens any more.
    let status: String
    let userId: UUID
    let tokenExpiresAt: Date?
    let createdAt: Date
}

/// The tokens of an account, with what tells whether they are still the ones that are stored.
struct StoredTokens: Sendable {
    let platform: String
    let tokens: TokenSet
    let version: Int
    let isActive: Bool
}
