import FoundationEssentials
import Primitives

/// An account on a network, as its workspace sees it: without tokens.
struct SocialAccount: Sendable, Equatable {
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

extension SocialAccount: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, platform, platformUserId, username, status, userId, tokenExpiresAt, createdAt
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(platform, forKey: .platform)
        try container.encode(platformUserId, forKey: .platformUserId)
        try container.encode(username, forKey: .username)
        try container.encode(status, forKey: .status)
        try container.encode(userId.text, forKey: .userId)
        try container.encodeIfPresent(tokenExpiresAt, forKey: .tokenExpiresAt)
        try container.encode(createdAt, forKey: .createdAt)
    }
}

/// The tokens of an account, with what tells whether they are still the ones that are stored.
struct StoredTokens: Sendable {
    let platform: String
    let tokens: TokenSet
    let version: Int
    let isActive: Bool
}
