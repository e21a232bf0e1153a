import FoundationEssentials

/// A publication to be made.
struct NewPublication: Sendable {
    let id: UUID
    let workspaceID: UUID
    let userID: UUID
    let projectID: UUID?
    let runID: UUID?
    let assetID: UUID
    let caption: String
    let publishAt: Date
    let accounts: [SocialAccount]

    /// Longest caption, in characters.
    static let captionLimit = 2_000
    /// Accounts at most.
    static let accountLimit = 20
    /// How far ahead a publication may be planned, in seconds.
    static let horizon: Double = 366 * 86_400
}
