internal import CKafka
internal import Execution
internal import FoundationEssentials
internal import Primitives
public import Telemetry

/// Looks at topics without joining a group: nothing is committed, nobody's partitions move.
public final class KafkaReader: Sendable {
    /// One partition as it stands.
    public struct Extent: Sendable {
        /// The partition, from 0.
        public let partition: Int32
        /// The offset of the oldest record that is kept.
        public let low: Int64
        /// The offset that the next record gets.
        public let high: Int64
        /// What the reader's group has handled: the offset after it; `nil` where it has none, or none that may be seen.
        public let committed: Int64?
    }

    private let handle: KafkaHandle
    private let pool = BlockingPool(name: "kafka-reader", threads: 1, queueLimit: 100)

    /// - Parameter group: whose committed offsets ``extents(of:partitions:within:)`` tells.
    /// - Throws: ``KafkaError`` with `configuration`.
    public init(settings: KafkaSettings, group: String, logger: Logger) throws {
        handle = try KafkaHandle(
            consumer: true,
            settings.properties + [
                ("client.id", logger.service), ("group.id", group), ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"), ("enable.partition.eof", "true"),
                ("auto.offset.reset", "error"), ("allow.auto.create.topics", "false"),
                ("fetch.wait.max.ms", String(settings.fetchWait.milliseconds)), ("fetch.error.backoff.ms", "100"),
                ("socket.nagle.disable", "true"),
                ("log.connection.close", "false"),
            ], KafkaCallbacks(logger: logger))
    }

    /// How many partitions each topic of the cluster has.
    /// - Throws: ``KafkaError`` where no broker answers in time.
    public func topics(within limit: Duration = .seconds(10)) async throws -> [String: Int] {
        try await pool.run { [handle] in try handle.topics(Int32(limit.milliseconds)) }
    }

    /// Where the partitions of a topic that exists begin and end.
    /// - Throws: ``KafkaError``.
    public func extents(
        of topic: String, partitions: Int, within limit: Duration = .seconds(10)
    ) async throws -> [Extent] {
        try await pool.run { [handle] in
            let milliseconds = Int32(limit.milliseconds)
            let list = rd_kafka_topic_partition_list_new(Int32(partitions))
            defer { rd_kafka_topic_partition_list_destroy(list) }
            for partition in 0..<partitions { rd_kafka_topic_partition_list_add(list, topic, Int32(partition)) }
            let isSeen = rd_kafka_committed(handle.pointer, list, milliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR
            return try (0..<partitions).map { partition in
                var (low, high): (Int64, Int64) = (0, 0)
                let error = rd_kafka_query_watermark_offsets(
                    handle.pointer, topic, Int32(partition), &low, &high, milliseconds)
                guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, topic) }
                let committed = isSeen ? list?.pointee.elems[partition].offset : nil
                return Extent(
                    partition: Int32(partition), low: low, high: high,
                    committed: committed.flatMap { $0 >= 0 ? $0 : nil })
            }
        }
    }

    /// The records of a partition from an offset that it has; fewer than `limit` where it ends.
    /// - Throws: ``KafkaError``; `timed_out` where the broker does not give them in time.
    public func read(
        _ topic: String, partition: Int32, from offset: Int64, limit: Int, within time: Duration = .seconds(10)
    ) async throws -> [ReceivedRecord] {
        try await pool.run { [handle] in
            let list = rd_kafka_topic_partition_list_new(1)
            defer { rd_kafka_topic_partition_list_destroy(list) }
            rd_kafka_topic_partition_list_add(list, topic, partition)?.pointee.offset = offset
            let error = rd_kafka_assign(handle.pointer, list)
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, topic) }
            defer { rd_kafka_assign(handle.pointer, nil) }
            let deadline = ContinuousClock.now + time
            var records: [ReceivedRecord] = []
            while records.count < limit {
                guard ContinuousClock.now < deadline else {
                    throw KafkaError(.timedOut, "\(topic) cannot be read", isRetriable: true)
                }
                guard let message = rd_kafka_consumer_poll(handle.pointer, 100) else { continue }
                defer { rd_kafka_message_destroy(message) }
                switch message.pointee.err {
                case RD_KAFKA_RESP_ERR_NO_ERROR: records.append(ReceivedRecord(message))
                case RD_KAFKA_RESP_ERR__PARTITION_EOF: return records
                case let error: throw KafkaError(error, topic)
                }
            }
            return records
        }
    }
}
