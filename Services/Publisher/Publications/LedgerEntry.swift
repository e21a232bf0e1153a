import FoundationEssentials

/// A row of the ledger that is due, held by this process for the time of a lease.
struct LedgerEntry: Sendable {
    let id: UUID
    let publicationID: UUID
    let workspaceID: UUID
    let accountID: UUID
    let platform: String
    let reference: String
    /// What it was when it was claimed.
    let status: LedgerStatus
    let mediaID: String?
    let attempts: Int
    let misses: Int
    /// Writes count only while nobody else has claimed the row.
    let fence: Int64
    /// Seconds since the post was asked for, by the database's clock.
    let sentAgo: Double?
    let assetID: UUID
    let caption: String
    let traceparent: String?
    /// Seconds since it was due, by the database's clock.
    let lateness: Double
}

/// What became of a try.
enum LedgerOutcome: Sendable, Equatable {
    case confirmed(NetworkPost)
    case failed(code: String, message: String)
    /// Not done; again after a while.
    case again(after: Duration, code: String, message: String, blocksAccount: Bool)
    /// Nobody knows whether it was done; the network is asked after a while.
    case unknown(after: Duration, message: String)
    /// The network was asked and does not know the post.
    case missed(after: Duration)
    /// The network could not be asked.
    case missedQuestion(Duration)
}
