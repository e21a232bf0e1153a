import Postgres

/// Where a publication stands: derived from its targets once it began.
enum PublicationStatus: String, Sendable, Codable, PostgresDecodable, PostgresEncodable {
    case scheduled
    case publishing
    case published
    case partiallyPublished = "partially_published"
    case failed
    case cancelled

    /// Whether nothing will change any more.
    var isFinal: Bool { self != .scheduled && self != .publishing }

    /// What the targets say of the whole.
    /// - Parameter hasBegun: whether a target was tried: a publication that began never counts as scheduled again.
    init(of targets: [LedgerStatus], hasBegun: Bool) {
        let confirmed = targets.count { $0 == .confirmed }
        if targets.contains(where: { !$0.isFinal }) {
            self = !hasBegun && targets.allSatisfy { $0 == .waiting } ? .scheduled : .publishing
        } else if confirmed == targets.count {
            self = .published
        } else if confirmed > 0 {
            self = .partiallyPublished
        } else {
            self = targets.allSatisfy { $0 == .cancelled } ? .cancelled : .failed
        }
    }
}

/// Where a row of the ledger stands.
enum LedgerStatus: String, Sendable, PostgresDecodable, PostgresEncodable {
    /// Nothing was asked of the network, or what was asked is known not to have been done.
    case waiting
    /// Content may be on its way; no post was asked for.
    case intent
    /// A post was asked for, and the answer is not known here.
    case sent
    /// The answer was lost: the network has to be asked before anything else.
    case unknown
    case confirmed
    case failed
    case cancelled

    var isFinal: Bool { self == .confirmed || self == .failed || self == .cancelled }
}

/// A row of the ledger in the words of the API.
enum TargetStatus: String, Sendable, Codable {
    case pending, publishing, unknown, published, failed, cancelled

    init(_ status: LedgerStatus) {
        switch status {
        case .waiting: self = .pending
        case .intent, .sent: self = .publishing
        case .unknown: self = .unknown
        case .confirmed: self = .published
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }
}
