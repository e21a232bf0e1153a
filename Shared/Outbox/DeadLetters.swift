internal import FoundationEssentials
internal import Lifecycle
public import Messaging
internal import Primitives
internal import Synchronization
public import Telemetry

/// Events that could not be handled, in the topic `<topic>.dlq.<group>`, each with reason, origin and trace; and the
/// way back.
public enum DeadLetters {
    /// The dead letters of a topic and a consumer group.
    public static func topic(_ topic: String, group: String) -> String { "\(topic).dlq.\(group)" }

    /// A dead letter as an outbox entry: it is published with the same certainty as any event.
    static func entry(
        topic: String, partition: Int32, offset: Int64, key: String, headers: [String: String], value: Data,
        group: String, reason: String
    ) -> OutboxEntry {
        var all = headers
        all["dlq_reason"] = String(reason.prefix(1_000))
        all["dlq_topic"] = topic
        all["dlq_partition"] = String(partition)
        all["dlq_offset"] = String(offset)
        all["dlq_at"] = Date().rfc3339
        // The row's own id: the event's may be missing, or be that of another row.
        return OutboxEntry(
            id: .v7(), topic: Self.topic(topic, group: group), key: key, headers: all, value: value)
    }

    /// Sends the dead letters of a topic and group back to where they came from; each is tried again as if it were new.
    ///
    /// It reads to what is there when it starts, and remembers by its own consumer group what it has sent back.
    /// - Returns: how many were sent back.
    public static func replay(
        topic: String, group: String, settings: KafkaSettings, logger: Logger,
        quiet: Duration = .seconds(8)
    ) async throws -> Int {
        let producer = try KafkaProducer(settings: settings, logger: logger)
        let running = Task { try await producer.run() }
        let count = Mutex(0)
        let last = Mutex(ContinuousClock.now)
        let consumer = KafkaConsumer(
            settings: settings, group: "\(group).replay", topics: [Self.topic(topic, group: group)],
            logger: logger
        ) { batch in
            let back = batch.map { message in
                let headers = message.headers.filter { !$0.name.hasPrefix("dlq_") }
                return KafkaRecord(
                    topic: topic, key: message.key ?? Data(), headers: headers, value: message.value ?? Data())
            }
            for result in await producer.send(back) { _ = try result.get() }
            count.withLock { $0 += batch.count }
            last.withLock { $0 = .now }
        }
        let reading = Task { try await consumer.run() }
        // Nothing new for a while: all was read.
        while ContinuousClock.now - last.withLock({ $0 }) < quiet { try await Task.sleep(for: .milliseconds(200)) }
        await consumer.stop()
        try await reading.value
        await producer.stop()
        try await running.value
        return count.withLock { $0 }
    }
}
