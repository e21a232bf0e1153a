public import Events
public import Postgres
internal import Telemetry

/// What a service does when an event comes: one line of its subscription table.
public struct Subscription: Sendable {
    let topics: [String]
    let type: String
    let handle: @Sendable (IncomingEvent, PostgresTransaction) async throws -> Void

    /// Handles one type of event. The effects of `body` and the note that the event is handled commit together; where it
    /// throws, nothing of both happens and the event comes again.
    /// - Parameter topics: where the event comes from; all of its own by default. Commands have one for each worker.
    public static func on<P: EventPayload>(
        _ type: P.Type, topics: [Topic] = P.topics,
        _ body: @escaping @Sendable (Event<P>, PostgresTransaction) async throws -> Void
    ) -> Subscription {
        Subscription(topics: topics.map(\.rawValue), type: P.messageName) { incoming, transaction in
            var envelope = incoming.envelope
            // The handler's own span, not the sender's: what it causes belongs under it.
            envelope.trace = Trace.current
            let event: Event<P>
            do { event = try Event(envelope, as: P.self) } catch { throw EventRejected("\(error)") }
            try await body(event, transaction)
        }
    }

    /// Handles an event as it would come back from Kafka; false where it is none of this line's. For tests of a service
    /// without a broker.
    package func take(_ entry: OutboxEntry, in transaction: PostgresTransaction) async throws -> Bool {
        let event = try IncomingEvent(
            topic: entry.topic, partition: 0, offset: 0, key: entry.key, headers: entry.headers, value: entry.value)
        guard type == event.type, topics.contains(event.topic) else { return false }
        try await handle(event, transaction)
        return true
    }
}

/// An event that will never be handled, however often it comes: it goes to the dead letters at once.
public struct EventRejected: Error, Sendable, CustomStringConvertible {
    /// Why, for the dead letter.
    public let reason: String
    /// An event that is refused for a reason.
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}
