import FoundationEssentials

/// One asset to one or more accounts, as the API shows it.
struct Publication: Sendable, Codable, Equatable {
    let id: UUID
    let assetId: UUID
    let projectId: UUID?
    let runId: UUID?
    let caption: String
    let status: PublicationStatus
    let publishAt: Date
    let createdAt: Date
    let updatedAt: Date
    var targets: [PublicationTarget]
}

/// One account of a publication.
struct PublicationTarget: Sendable, Codable, Equatable {
    let accountId: UUID
    let platform: String
    let status: TargetStatus
    let postId: String?
    let postUrl: String?
    let error: TargetError?
}

/// Why a target failed, or waits.
struct TargetError: Sendable, Codable, Equatable {
    let code: String
    let message: String
}
