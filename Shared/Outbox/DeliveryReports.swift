public import FoundationEssentials
public import Postgres
internal import Primitives

/// An outbox as it stands, for an operator.
public struct OutboxReport: Sendable, Encodable {
    /// Events that Kafka has not acknowledged.
    public let waiting: Int
    /// The age of the first of them in seconds; `nil` where none waits.
    public let oldestSeconds: Double?
    /// Events that Kafka refused for good: they stay until somebody takes them away.
    public let refused: Int
    /// The newest of those.
    public let refusals: [Refusal]
    /// The cluster that was sent to; `nil` before the first.
    public let cluster: String?
    /// Which replica sends; `nil` where none does.
    public let lease: Lease?

    /// An event that Kafka refused.
    public struct Refusal: Sendable, Encodable {
        /// The event's identifier.
        public let eventId: String
        /// Where it was to go.
        public let topic: String
        /// The aggregate that it is about.
        public let key: String
        /// The event's type.
        public let type: String?
        /// When it was said.
        public let createdAt: Date
        /// What the broker said.
        public let reason: String?
    }

    /// Who sends.
    public struct Lease: Sendable, Encodable {
        /// The relay, by the name that it gave itself when its process began.
        public let owner: String
        /// When that was.
        public let began: Date?
        /// Until when it has the lease.
        public let until: Date
        /// Whether that time is over: the next replica with something to send takes it.
        public let isOver: Bool
    }

    /// - Parameter limit: refused events that are told of at most.
    /// - Throws: `PostgresError`.
    public init(from postgres: PostgresClient, limit: Int) async throws {
        (waiting, oldestSeconds) = try await Self.waiting(in: postgres)
        refused = try await postgres.query("SELECT count(*) FROM outbox WHERE sent_at = 'infinity'")[0].decode(Int.self)
        refusals = try await postgres.query(
            """
            SELECT event_id, topic, key, headers->>'ce_type', created_at, failure FROM outbox
            WHERE sent_at = 'infinity' ORDER BY seq DESC LIMIT \(limit)
            """
        ).map { row in
            let (id, topic, key, type, created, failure) = try row.decode(
                (UUID, String, String, String?, Date, String?).self)
            return Refusal(eventId: id.text, topic: topic, key: key, type: type, createdAt: created, reason: failure)
        }
        cluster = try await postgres.query("SELECT cluster_id FROM outbox_cluster").first?.decode(String.self)
        lease = try await postgres.query("SELECT owner, until, until < now() FROM outbox_lease").first.map { row in
            let (owner, until, isOver) = try row.decode((UUID, Date, Bool).self)
            return Lease(owner: owner.text, began: owner.v7Time, until: until, isOver: isOver)
        }
    }

    /// How many events Kafka has not acknowledged, and the age of the first of them in seconds; `nil` where none waits.
    static func waiting(in postgres: PostgresClient) async throws -> (count: Int, oldestSeconds: Double?) {
        try await postgres.query(
            """
            SELECT count(*), extract(epoch FROM now() - min(created_at))::float8 FROM outbox WHERE sent_at IS NULL
            """)[0].decode((Int, Double?).self)
    }
}

/// An inbox as it stands, for an operator.
public struct InboxReport: Sendable, Encodable {
    /// What each consumer has handled.
    public let consumers: [Consumer]
    /// Events that wait to be tried again, those behind them included.
    public let parked: Int
    /// Their keys, the one that has waited longest first.
    public let keys: [Key]

    /// What a consumer has handled, as far as it is remembered.
    public struct Consumer: Sendable, Encodable {
        /// The group.
        public let name: String
        /// How many events.
        public let handled: Int
        /// When the last one was.
        public let last: Date?
    }

    /// An aggregate whose events wait.
    public struct Key: Sendable, Encodable {
        /// The group that could not handle them.
        public let consumer: String
        /// The aggregate.
        public let key: String
        /// How many events wait.
        public let events: Int
        /// The first of them, which holds up the others.
        public let eventId: String
        /// The topic that it came from.
        public let topic: String
        /// Its type.
        public let type: String?
        /// How often it was tried.
        public let attempts: Int
        /// Why the last try failed.
        public let error: String
        /// When it is tried again.
        public let nextAt: Date
    }

    /// - Parameter limit: keys that are told of at most.
    /// - Throws: `PostgresError`.
    public init(from postgres: PostgresClient, limit: Int) async throws {
        consumers = try await postgres.query(
            "SELECT consumer, count(*), max(handled_at) FROM inbox GROUP BY consumer ORDER BY consumer"
        ).map { row in
            let (name, handled, last) = try row.decode((String, Int, Date?).self)
            return Consumer(name: name, handled: handled, last: last)
        }
        parked = try await postgres.query("SELECT count(*) FROM inbox_parked")[0].decode(Int.self)
        keys = try await postgres.query(
            """
            SELECT first.consumer, first.key, waiting.events, first.event_id, first.topic, first.headers->>'ce_type',
                first.attempts, first.error, first.next_at
            FROM (SELECT min(seq) AS seq, count(*) AS events FROM inbox_parked GROUP BY consumer, key) AS waiting
            JOIN inbox_parked AS first USING (seq) ORDER BY seq LIMIT \(limit)
            """
        ).map { row in
            let (consumer, key, events, id, topic, type, attempts, error, next) = try row.decode(
                (String, String, Int, UUID, String, String?, Int, String, Date).self)
            return Key(
                consumer: consumer, key: key, events: events, eventId: id.text, topic: topic, type: type,
                attempts: attempts, error: error, nextAt: next)
        }
    }
}
