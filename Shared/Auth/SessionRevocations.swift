public import FoundationEssentials
internal import Primitives
internal import Synchronization

/// Sessions that ended before their access tokens did. Kept only until the last of those tokens ends by itself, so the
/// list stays short.
public final class SessionRevocations: Sendable {
    private let ended = Mutex<[UUID: Date]>([:])

    public init() {}

    /// Refuses tokens of a session from now on.
    /// - Parameter until: when the last token of the session ends by itself.
    public func revoke(_ session: UUID, until: Date) {
        ended.withLock { ended in
            ended[session] = until
            guard ended.count.isMultiple(of: 1024) else { return }
            let now = Date()
            ended = ended.filter { $0.value > now }
        }
    }

    public func contains(_ session: UUID) -> Bool { ended.withLock { $0[session] != nil } }

    public var count: Int { ended.withLock { $0.count } }
}

/// What `GET /internal/v1/revocations?after=` of the user service answers.
public struct RevocationFeed: Sendable, Codable {
    public struct Entry: Sendable, Codable {
        public let sessionId: UUID
        /// When the last access token of the session ends by itself.
        public let until: Date

        public init(sessionId: UUID, until: Date) {
            self.sessionId = sessionId
            self.until = until
        }
    }

    public let entries: [Entry]
    /// What to give as `after` next time.
    public let cursor: String

    public init(entries: [Entry], cursor: String) {
        self.entries = entries
        self.cursor = cursor
    }
}
