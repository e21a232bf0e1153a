internal import Events
internal import FoundationEssentials
public import Messaging
public import Postgres
internal import Primitives
public import Telemetry

/// Events that Kafka still holds, read again from the oldest on without a consumer group: for what was made of them.
public enum EventLog {
    /// What is left of a topic.
    public struct Extent: Sendable, Encodable {
        /// The topic's name.
        public let topic: String
        /// How many records it holds.
        public let records: Int64
        /// When the oldest event was said, as RFC 3339; `nil` where there is none.
        public let oldest: String?
    }

    /// What became of the events that were read again.
    public struct Outcome: Sendable, Encodable {
        /// Records that were read.
        public internal(set) var read = 0
        /// Events that somebody asked for and took.
        public internal(set) var taken = 0
        /// Events and records that could not be taken.
        public internal(set) var refused = 0
    }

    /// What is left of the topics that some subscriptions read.
    /// - Throws: `KafkaError`, where no broker answers.
    public static func extents(
        of subscriptions: [Subscription], settings: KafkaSettings, logger: Logger
    ) async throws -> [Extent] {
        let reader = try KafkaReader(settings: settings, group: logger.service, logger: logger)
        var found: [Extent] = []
        for (topic, partitions) in try await topics(of: subscriptions, reader) {
            var (records, oldest): (Int64, String?) = (0, nil)
            for extent in try await reader.extents(of: topic, partitions: partitions) where extent.high > extent.low {
                records += extent.high - extent.low
                let first = try await reader.read(topic, partition: extent.partition, from: extent.low, limit: 1).first
                oldest = [oldest, first?.header("ce_time")].compactMap { $0 }.min()
            }
            found.append(Extent(topic: topic, records: records, oldest: oldest))
        }
        return found
    }

    /// Hands every event that is there now to its subscription, in the order of each partition, without the inbox: what
    /// it does must be the same however often, and whatever came later, it is done.
    /// - Throws: `KafkaError`; `PostgresError` where the database is away.
    public static func replay(
        _ subscriptions: [Subscription], settings: KafkaSettings, postgres: PostgresClient, logger: Logger
    ) async throws -> Outcome {
        let reader = try KafkaReader(settings: settings, group: logger.service, logger: logger)
        var outcome = Outcome()
        for (topic, partitions) in try await topics(of: subscriptions, reader) {
            for extent in try await reader.extents(of: topic, partitions: partitions) {
                var next = extent.low
                while next < extent.high {
                    let limit = Int(min(500, extent.high - next))
                    let records = try await reader.read(topic, partition: extent.partition, from: next, limit: limit)
                    guard let last = records.last else { break }
                    next = last.offset + 1
                    outcome.read += records.count
                    try await take(records, subscriptions, postgres, &outcome)
                }
            }
        }
        return outcome
    }

    private static func take(
        _ records: [ReceivedRecord], _ subscriptions: [Subscription], _ postgres: PostgresClient,
        _ outcome: inout Outcome
    ) async throws {
        var wanted: [(event: IncomingEvent, subscription: Subscription)] = []
        for record in records {
            guard let event = try? IncomingEvent(record) else {
                outcome.refused += 1
                continue
            }
            for one in subscriptions where one.type == event.type && one.topics.contains(event.topic) {
                wanted.append((event, one))
            }
        }
        // Few at a time: the consumer of the running service waits for the rows.
        for start in stride(from: 0, to: wanted.count, by: 50) {
            let some = Array(wanted[start..<min(start + 50, wanted.count)])
            do {
                try await postgres.withTransaction { tx in
                    for (event, subscription) in some { try await subscription.handle(event, tx) }
                }
                outcome.taken += some.count
            } catch {
                if EventConsumer.isPassing(error) { throw error }
                // One of them: each alone.
                for (event, subscription) in some {
                    do {
                        try await postgres.withTransaction { try await subscription.handle(event, $0) }
                        outcome.taken += 1
                    } catch {
                        if EventConsumer.isPassing(error) { throw error }
                        outcome.refused += 1
                    }
                }
            }
        }
    }

    /// The topics that exist, by name, each with the number of its partitions.
    private static func topics(
        of subscriptions: [Subscription], _ reader: KafkaReader
    ) async throws -> [(String, Int)] {
        let known = try await reader.topics()
        return Set(subscriptions.flatMap(\.topics)).sorted().compactMap { name in known[name].map { (name, $0) } }
    }
}
