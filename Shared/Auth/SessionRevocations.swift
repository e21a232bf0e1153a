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

    /// The session ended: a token of it is to be refused.
    public func contains(_ session: UUID) -> Bool { ended.withLock { $0[session] != nil } }

    /// Sessions on the list, some of which may be past their time.
    public var count: Int { ended.withLock { $0.count } }
}

/// What `GET /internal/v1/revocations?after=` of the user service answers.
public struct RevocationFeed: Sendable, Codable {
    /// One session that ended.
    public struct Entry: Sendable, Codable {
        /// The `sid` of the tokens to refuse.
        public let sessionId: UUID
        /// When the last access token of the session ends by itself.
        public let until: Date

        /// - Parameter until: when the last access token of the session ends by itself.
        public init(sessionId: UUID, until: Date) {
            self.sessionId = sessionId
            self.until = until
        }
    }

    /// The sessions that ended since the cursor that was asked with, oldest first.
    public let entries: [Entry]
    /// What to give as `after` next time.
    public let cursor: String

    /// - Parameter cursor: what the reader gives as `after` next time.
    public init(entries: [Entry], cursor: String) {
        self.entries = entries
        self.cursor = cursor
    }
}
