internal import Events
internal import FoundationEssentials
public import Messaging
public import Primitives
public import Telemetry

extension DeadLetters {
    /// The dead letters of one topic and group, as they lie there.
    public struct Pile: Sendable, Encodable {
        /// The topic that they came from.
        public let topic: String
        /// Who could not handle them.
        public let group: String
        /// How many there are.
        public let letters: Int
        /// How many were not sent back yet.
        public let waiting: Int
        /// The last one; `nil` where there is none.
        public var newest: Letter?
    }

    /// One dead letter.
    public struct Letter: Sendable, Encodable {
        /// Where it lies in the topic of the dead letters.
        public let partition: Int32
        /// The place in that partition.
        public let offset: Int64
        /// When it was laid there, as RFC 3339.
        public let at: String?
        /// Why.
        public let reason: String?
        /// Where it came from: topic, partition and offset, with `/` between them.
        public let origin: String
        /// The event's type, as its sender named it.
        public let type: String?
        /// The event's identifier.
        public let eventId: String?
        /// The service that said it.
        public let source: String?
        /// When it was said.
        public let time: String?
        /// The aggregate that it is about.
        public let key: String
        /// The trace of the work that caused it, 32 hexadecimal digits.
        public let traceId: String?
        /// The size of its payload.
        public let bytes: Int
        /// The payload's fields; `nil` where nobody knows the type, or the bytes are not of it.
        public var fields: [String: JSONValue]?
        /// Why there are no fields.
        public let unreadable: String?
    }

    /// The dead letters of all topics and groups, by name.
    /// - Throws: `KafkaError`, where no broker answers.
    public static func piles(settings: KafkaSettings, logger: Logger) async throws -> [Pile] {
        let topics = try await KafkaReader(settings: settings, group: logger.service, logger: logger).topics()
        var piles: [Pile] = []
        for (name, partitions) in topics.sorted(by: { $0.key < $1.key }) {
            guard let place = name.firstRange(of: ".dlq.") else { continue }
            let (topic, group) = (String(name[..<place.lowerBound]), String(name[place.upperBound...]))
            let reader = try KafkaReader(settings: settings, group: replayGroup(group), logger: logger)
            piles.append(try await look(reader, topic, group, partitions: partitions, limit: 1).pile)
        }
        return piles
    }

    /// The newest dead letters of a topic and group, the last one first.
    /// - Throws: `KafkaError`, where no broker answers.
    public static func pile(
        topic: String, group: String, limit: Int, settings: KafkaSettings, logger: Logger
    ) async throws -> (pile: Pile, letters: [Letter]) {
        let reader = try KafkaReader(settings: settings, group: replayGroup(group), logger: logger)
        let partitions = try await reader.topics()[Self.topic(topic, group: group)] ?? 0
        return try await look(reader, topic, group, partitions: partitions, limit: limit)
    }

    /// One dead letter; `nil` where there is none at that place.
    /// - Throws: `KafkaError`, where no broker answers.
    public static func letter(
        topic: String, group: String, partition: Int32, offset: Int64, settings: KafkaSettings, logger: Logger
    ) async throws -> Letter? {
        let name = Self.topic(topic, group: group)
        let reader = try KafkaReader(settings: settings, group: replayGroup(group), logger: logger)
        let extents = try await reader.extents(of: name, partitions: try await reader.topics()[name] ?? 0)
        guard let extent = extents.first(where: { $0.partition == partition }), offset >= extent.low,
            offset < extent.high
        else { return nil }
        return try await reader.read(name, partition: partition, from: offset, limit: 1).first
            .flatMap { $0.offset == offset ? Letter($0) : nil }
    }

    /// The group that remembers what was sent back.
    static func replayGroup(_ group: String) -> String { "\(group).replay" }

    private static func look(
        _ reader: KafkaReader, _ topic: String, _ group: String, partitions: Int, limit: Int
    ) async throws -> (pile: Pile, letters: [Letter]) {
        let name = Self.topic(topic, group: group)
        let extents = partitions > 0 ? try await reader.extents(of: name, partitions: partitions) : []
        var letters: [Letter] = []
        for extent in extents where extent.high > extent.low {
            let from = max(extent.low, extent.high - Int64(limit))
            letters += try await reader.read(
                name, partition: extent.partition, from: from, limit: Int(extent.high - from)
            ).map(Letter.init)
        }
        letters.sort { ($0.at ?? "", $0.offset) > ($1.at ?? "", $1.offset) }
        let pile = Pile(
            topic: topic, group: group, letters: extents.reduce(0) { $0 + Int($1.high - $1.low) },
            waiting: extents.reduce(0) { $0 + Int($1.high - min($1.high, max($1.low, $1.committed ?? $1.low))) },
            newest: letters.first)
        return (pile, Array(letters.prefix(limit)))
    }
}

extension DeadLetters.Letter {
    init(_ record: ReceivedRecord) {
        partition = record.partition
        offset = record.offset
        at = record.header("dlq_at")
        reason = record.header("dlq_reason")
        origin = ["dlq_topic", "dlq_partition", "dlq_offset"].map { record.header($0) ?? "?" }.joined(separator: "/")
        type = record.header("ce_type")
        eventId = record.header("ce_id")
        source = record.header("ce_source")
        time = record.header("ce_time")
        key = record.keyText
        traceId = record.header("traceparent").flatMap { text in
            let parts = text.split(separator: "-")
            return parts.count == 4 ? String(parts[1]) : nil
        }
        let value = record.value ?? Data()
        bytes = value.count
        do {
            fields = try type.flatMap { try EventRegistry.fields(of: $0, in: value) }
            unreadable = fields == nil ? "no message of this type is known here" : nil
        } catch {
            fields = nil
            unreadable = "\(error)"
        }
    }
}
