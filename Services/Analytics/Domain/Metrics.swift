import FoundationEssentials

/// The answer of `GET /api/v1/analytics/metrics`.
struct MetricsView: Sendable, Encodable {
    /// Events of one type in one hour.
    struct Hour: Sendable, Encodable {
        let hour: Date
        let type: String
        let count: Int64
    }

    /// How long runs or jobs of one name took, of those that ended in the period.
    struct Durations: Sendable, Encodable {
        let kind: String
        let name: String
        let status: String
        let count: Int64
        let averageMs: Int64
        let medianMs: Int64
        let maximumMs: Int64
    }

    /// The newest figures of a post.
    struct Post: Sendable, Encodable {
        let publicationId: String
        let accountId: String
        let platform: String
        let postId: String
        let views: Int64
        let likes: Int64
        let comments: Int64
        let shares: Int64
        let readAt: Date
    }

    let projectId: String?
    let from: Date
    let to: Date
    /// All events of the period.
    let events: Int64
    let byType: [String: Int64]
    /// Views of all posts, as the networks told last.
    let views: Int64
    let hours: [Hour]
    let durations: [Durations]
    let posts: [Post]
}
