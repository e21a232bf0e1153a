internal import FoundationEssentials
internal import Lifecycle
public import Messaging
internal import Primitives
internal import Synchronization
public import Telemetry

/// Events that could not be handled, in the topic `<topic>.dlq.<group>`, each with reason, origin and trace; and the
/// way back.
public enum DeadLetters {
    /// Says which group alone is meant by an event that was sent back.
    static let groupHeader = "replay_group"
    /// Says which dead letter it was: a second sending of the same one is the same event.
    static let replayHeader = "replay_of"

    private static let namespace = UUID(uuid: (0xD1, 0xED, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, 1))

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
        // An id of its own, since the event's may be missing; the same for the same record, so that a batch that is taken
        // again buries nothing twice.
        let record = "\(topic)/\(partition)/\(offset)/\(group)/\(headers["ce_id"] ?? "")/\(value.base64EncodedString())"
        return OutboxEntry(
            id: .derived(from: namespace, record), topic: Self.topic(topic, group: group), key: key, headers: all,
            value: value)
    }

    /// How many dead letters of a group lie in their topics and were not sent back yet. Topics that have none are counted
    /// as 0, and are not made by asking.
    /// - Throws: `KafkaError`.
    public static func depths(
        of topics: [String], group: String, settings: KafkaSettings, logger: Logger
    ) async throws -> [String: Int64] {
        let found = try await KafkaAdmin(settings: settings, logger: logger).backlog(
            of: topics.map { topic($0, group: group) }, group: replayGroup(group))
        return Dictionary(uniqueKeysWithValues: topics.map { ($0, found[topic($0, group: group)] ?? 0) })
    }

    /// Sends the dead letters of a topic and group back to where they came from; each is tried again as if it were new,
    /// by that group alone.
    ///
    /// It reads what is there when it starts, and remembers by its own consumer group what it has sent back. What fails
    /// again comes to the dead letters again, and stays there until the next time.
    /// - Returns: how many were sent back.
    public static func replay(
        topic: String, group: String, settings: KafkaSettings, logger: Logger,
        quiet: Duration = .seconds(8)
    ) async throws -> Int {
        let ends = try await KafkaAdmin(settings: settings, logger: logger).ends(of: Self.topic(topic, group: group))
        guard !ends.isEmpty else { return 0 }
        let producer = try KafkaProducer(settings: settings, logger: logger)
        let running = Task { try await producer.run() }
        let count = Mutex(0)
        let last = Mutex(ContinuousClock.now)
        let consumer = KafkaConsumer(
            settings: settings, group: replayGroup(group), topics: [Self.topic(topic, group: group)], ends: ends,
            logger: logger
        ) { batch in
            let back = batch.map { message in
                var headers = message.headers.filter { !$0.name.hasPrefix("dlq_") && !$0.name.hasPrefix("replay_") }
                headers.append(.init(groupHeader, Data(group.utf8)))
                headers.append(
                    .init(replayHeader, Data("\(message.topic)/\(message.partition)/\(message.offset)".utf8)))
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
