import FoundationEssentials
import Primitives

/// One account of a publication.
struct PublicationTarget: Sendable, Equatable {
    let accountId: UUID
    let platform: String
    let status: TargetStatus
    let postId: String?
    let postUrl: String?
    let error: TargetError?
}

/// Why a target failed, or waits.
struct TargetError: Sendable, Encodable, Equatable {
    let code: String
    let message: String
}

extension PublicationTarget: Encodable {
    private enum CodingKeys: String, CodingKey { case accountId, platform, status, postId, postUrl, error }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(accountId.text, forKey: .accountId)
        try container.encode(platform, forKey: .platform)
        try container.encode(status, forKey: .status)
        try container.encodeIfPresent(postId, forKey: .postId)
        try container.encodeIfPresent(postUrl, forKey: .postUrl)
        try container.encodeIfPresent(error, forKey: .error)
    }
}
