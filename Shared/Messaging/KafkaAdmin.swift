internal import CKafka
internal import Execution
internal import FoundationEssentials
internal import Primitives
public import Telemetry

/// A topic as it should be.
public struct TopicSpecification: Sendable, Hashable {
    /// The name that Kafka knows.
    public let name: String
    /// Where `nil`, the settings' number.
    public let partitions: Int?
    /// Settings of the topic, as `max.message.bytes`.
    public let configuration: [String: String]

    /// A topic with its number of partitions and its settings.
    public init(_ name: String, partitions: Int? = nil, configuration: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.configuration = configuration
    }

    /// A topic that somebody writes to. Dead letters may be larger than what a topic takes by default: they include what
    /// was too large.
    static func outgoing(_ name: String) -> TopicSpecification {
        name.contains(".dlq.")
            ? TopicSpecification(name, partitions: 1, configuration: ["max.message.bytes": "8388608"])
            : TopicSpecification(name)
    }
}

/// Makes topics.
public final class KafkaAdmin: Sendable {
    private let settings: KafkaSettings
    private let handle: KafkaHandle
    private let logger: Logger
    private let pool = BlockingPool(name: "kafka-admin", threads: 1, queueLimit: 100)

    /// - Throws: ``KafkaError`` with `configuration`.
    public init(settings: KafkaSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        handle = try KafkaHandle(
            consumer: false,
            settings.properties + [
                ("client.id", logger.service), ("allow.auto.create.topics", "true"), ("log.connection.close", "false"),
            ], KafkaCallbacks(logger: logger))
    }

    /// Makes those topics that are missing. A topic that exists is left as it is.
    /// - Throws: ``KafkaError`` that names the first topic that is missing and cannot be made.
    public func ensure(_ topics: [TopicSpecification], within limit: Duration = .seconds(15)) async throws {
        try await pool.run { [self] in
            let deadline = ContinuousClock.now + limit
            let milliseconds = Int32(limit.milliseconds)
            let existing = try handle.topics(milliseconds)
            let missing = topics.filter { existing[$0.name] == nil }
            if missing.isEmpty { return }
            // A broker without the admin API lets the request wait for its whole time.
            let refused = try create(missing, min(milliseconds, 3_000))
            for (name, error) in refused {
                logger.info("topic", ["topic": .string(name), "detail": .string(error.reason)])
            }
            // A broker without the admin API makes topics when they are asked for by name.
            while true {
                let absent = missing.filter { !isKnown($0.name) }
                guard let first = absent.first else { return }
                if ContinuousClock.now >= deadline {
                    throw refused[first.name]
                        ?? KafkaError(.unknownTopic, "\(first.name) is missing", isRetriable: true)
                }
                rd_kafka_poll(handle.pointer, 50)
            }
        }
    }

    /// The partitions of a topic; 0 where there is no such topic.
    public func partitions(of topic: String) async throws -> Int {
        try await pool.run { [self] in partitionCount(topic) }
    }

    /// Where each partition of a topic ends now: the offset that its next record gets; empty where there is no such topic.
    /// - Throws: ``KafkaError``, also where no broker answers: that is not a topic without records.
    public func ends(of topic: String, within limit: Duration = .seconds(10)) async throws -> [RecordPosition] {
        try await pool.run { [self] in
            let milliseconds = Int32(limit.milliseconds)
            return try (0..<(handle.topics(milliseconds)[topic] ?? 0)).map { partition in
                var (low, high): (Int64, Int64) = (0, 0)
                let error = rd_kafka_query_watermark_offsets(
                    handle.pointer, topic, Int32(partition), &low, &high, milliseconds)
                guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, topic) }
                return RecordPosition(partition: Int32(partition), offset: high)
            }
        }
    }

    /// How many records of each topic a group has not read yet; topics that do not exist are left out, and not made.
    /// - Throws: ``KafkaError``.
    public func backlog(
        of topics: [String], group: String, within limit: Duration = .seconds(10)
    ) async throws -> [String: Int64] {
        try await pool.run { [self] in
            let milliseconds = Int32(limit.milliseconds)
            let there = try handle.topics(milliseconds)
            var backlog: [String: Int64] = [:]
            for topic in topics.sorted() {
                guard let count = there[topic] else { continue }
                let read = try committed(topic, count, group: group, milliseconds)
                for partition in 0..<count {
                    var (low, high): (Int64, Int64) = (0, 0)
                    let error = rd_kafka_query_watermark_offsets(
                        handle.pointer, topic, Int32(partition), &low, &high, milliseconds)
                    guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, topic) }
                    backlog[topic, default: 0] += max(0, high - max(low, read[Int32(partition)] ?? low))
                }
            }
            return backlog
        }
    }

    /// Where a group that need not be running goes on in each partition of a topic; partitions that it never read are
    /// absent.
    private func committed(
        _ topic: String, _ count: Int, group: String, _ milliseconds: Int32
    ) throws -> [Int32: Int64] {
        let list = rd_kafka_topic_partition_list_new(Int32(count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in 0..<count { rd_kafka_topic_partition_list_add(list, topic, Int32(partition)) }
        var request = rd_kafka_ListConsumerGroupOffsets_new(group, list)
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let queue = rd_kafka_queue_new(handle.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.pointer, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &text, text.count)
        rd_kafka_ListConsumerGroupOffsets(handle.pointer, &request, 1, options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 1000) else {
            throw KafkaError(.timedOut, "offsets of \(group)", isRetriable: true)
        }
        defer { rd_kafka_event_destroy(event) }
        let whole = rd_kafka_event_error(event)
        guard whole == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(whole, "offsets of \(group)") }
        var groups = 0
        let results = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &groups)
        guard groups > 0, let offsets = rd_kafka_group_result_partitions(results?[0]) else { return [:] }
        var found: [Int32: Int64] = [:]
        for index in 0..<Int(offsets.pointee.cnt) {
            let element = offsets.pointee.elems[index]
            if element.offset >= 0 { found[element.partition] = element.offset }
        }
        return found
    }

    private func isKnown(_ name: String) -> Bool { partitionCount(name) > 0 }

    private func partitionCount(_ name: String) -> Int {
        guard let topic = rd_kafka_topic_new(handle.pointer, name, nil) else { return 0 }
        defer { rd_kafka_topic_destroy(topic) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(handle.pointer, 0, topic, &metadata, 3000)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { return 0 }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt == 1, metadata.pointee.topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return 0
        }
        return Int(metadata.pointee.topics[0].partition_cnt)
    }

    /// Asks for topics; returns those that the broker did not make, with its reason.
    private func create(_ topics: [TopicSpecification], _ milliseconds: Int32) throws -> [String: KafkaError] {
        var requests: [OpaquePointer?] = []
        defer { requests.forEach { rd_kafka_NewTopic_destroy($0) } }
        for topic in topics {
            let request = rd_kafka_NewTopic_new(
                topic.name, Int32(topic.partitions ?? settings.partitions), Int32(settings.replication), nil, 0)
            for (name, value) in topic.configuration { rd_kafka_NewTopic_set_config(request, name, value) }
            requests.append(request)
        }
        let queue = rd_kafka_queue_new(handle.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.pointer, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &text, text.count)
        rd_kafka_CreateTopics(handle.pointer, &requests, requests.count, options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 1000) else {
            throw KafkaError(.timedOut, "topics cannot be made", isRetriable: true)
        }
        defer { rd_kafka_event_destroy(event) }
        let whole = rd_kafka_event_error(event)
        if whole != RD_KAFKA_RESP_ERR_NO_ERROR {
            let error = KafkaError(whole, "topics cannot be made")
            return Dictionary(topics.map { ($0.name, error) }) { first, _ in first }
        }
        var refused: [String: KafkaError] = [:]
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            guard let result = results?[index] else { continue }
            let error = rd_kafka_topic_result_error(result)
            if error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
            let name = String(cString: rd_kafka_topic_result_name(result))
            refused[name] = KafkaError(error, name)
        }
        return refused
    }
}
