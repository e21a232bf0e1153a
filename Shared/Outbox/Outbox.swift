public import Events
public import FoundationEssentials
internal import Lifecycle
internal import Messaging
public import Postgres
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Where a service puts the events that a change causes, in the transaction of the change (transactional outbox). The
/// ``OutboxRelay`` publishes them afterwards, so that a change and its events happen both or not at all.
public final class Outbox: Sendable {
    /// The service, as it stands in `ce_source`.
    public let source: String
    private let faults: DeliveryFaults
    private let wakers = Mutex<[@Sendable () -> Void]>([])
    /// Only for the test of the tests: publishes at once, whether or not the change happens.
    private struct EarlyPublisher {
        let publish: @Sendable (KafkaRecord) -> Void
    }
    private let early = Mutex<EarlyPublisher?>(nil)

    /// - Parameter source: the service, as it stands in `ce_source`.
    public init(source: String, faults: DeliveryFaults = .none) {
        self.source = source
        self.faults = faults
    }

    /// Adds an event.
    /// - Parameter key: the aggregate, where it is another than the payload's own; events of one key stay in order.
    /// - Returns: the event's id.
    /// - Throws: `PostgresError`; `EventError` where the payload is too large or cannot be written.
    @discardableResult
    public func append(
        _ payload: some EventPayload, key: String? = nil, in transaction: PostgresTransaction
    ) async throws -> UUID {
        let entry = try OutboxEntry(payload, key: key, source: source)
        try await append([entry], in: transaction)
        return entry.id
    }

    /// Adds several events in one statement, in order.
    public func append(_ entries: [OutboxEntry], in transaction: PostgresTransaction) async throws {
        if let statement = statement(adding: entries, in: transaction) { try await transaction.execute(statement) }
    }

    /// The statement that adds events, for a caller that sends it together with others of the same transaction; `nil`
    /// where there are none.
    public func statement(adding entries: [OutboxEntry], in transaction: PostgresTransaction) -> PostgresQuery? {
        guard !entries.isEmpty else { return nil }
        var query: PostgresQuery = "INSERT INTO outbox (event_id, topic, key, headers, value) VALUES "
        for (index, entry) in entries.enumerated() {
            if index > 0 { query.append(", ") }
            query.append("(\(entry.id), \(entry.topic), \(entry.key), \(entry.headersJSON), \(entry.value))")
        }
        // The same dead letter twice is one; the ids of events are new.
        query.append(" ON CONFLICT (event_id) DO NOTHING")
        if faults.publishBeforeCommit, let early = early.withLock({ $0 }) {
            for entry in entries { early.publish(entry.record) }
        }
        transaction.onCommit { [self] in
            Failpoint.hit("outbox.after_commit")
            wake()
        }
        return query
    }

    /// Calls `waker` after each commit that added events.
    func onCommit(_ waker: @escaping @Sendable () -> Void) { wakers.withLock { $0.append(waker) } }

    func setEarlyPublisher(_ publish: @escaping @Sendable (KafkaRecord) -> Void) {
        guard faults.publishBeforeCommit else { return }
        early.withLock { $0 = EarlyPublisher(publish: publish) }
    }

    private func wake() { for waker in wakers.withLock({ $0 }) { waker() } }
}

/// One event on its way: what stands in an outbox row.
public struct OutboxEntry: Sendable {
    /// The identifier of the event.
    public let id: UUID
    let topic: String
    let key: String
    let headers: [String: String]
    let value: Data

    /// Encodes a payload, with the current trace.
    /// - Throws: `EventError` where the payload is too large or cannot be written.
    public init(_ payload: some EventPayload, key: String? = nil, source: String) throws {
        let key = key ?? payload.key
        let envelope = try EventEnvelope(payload, source: source, key: key, trace: Trace.current)
        id = envelope.id
        topic = payload.topic.rawValue
        self.key = key
        headers = Dictionary(envelope.headers.map { ($0.name, $0.value) }) { _, last in last }
        value = envelope.payload
    }

    init(id: UUID, topic: String, key: String, headers: [String: String], value: Data) {
        self.id = id
        self.topic = topic
        self.key = key
        self.headers = headers
        self.value = value
    }

    var headersJSON: JSONValue { .object(headers.mapValues { .string($0) }) }

    var record: KafkaRecord {
        KafkaRecord(
            topic: topic, key: Data(key.utf8),
            headers: headers.sorted { $0.key < $1.key }.map { KafkaRecord.Header($0.key, Data($0.value.utf8)) },
            value: value)
    }
}
