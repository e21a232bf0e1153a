internal import CKafka
internal import Execution
internal import FoundationEssentials
internal import Synchronization
internal import Telemetry

/// One producing client of librdkafka and the thread that takes its reports.
final class ProducerInstance: Sendable {
    let handle: KafkaHandle
    private let flags = Flags()

    private final class Flags: Sendable {
        let isBroken = Atomic(false)
        let isOver = Atomic(false)
    }

    /// - Throws: ``KafkaError`` with `configuration`.
    init(_ settings: KafkaSettings, _ logger: Logger) throws {
        let flags = flags
        let handle = try KafkaHandle(
            consumer: false,
            settings.properties + [
                ("client.id", logger.service), ("enable.idempotence", "true"), ("acks", "all"), ("max.in.flight", "5"),
                // No limit of its own: a record that gave up while a later one of its key did not would break order.
                ("message.timeout.ms", "0"), ("linger.ms", "1"), ("queue.buffering.max.messages", "20000"),
                ("queue.buffering.max.kbytes", "65536"), ("message.max.bytes", "8388608"),
                ("socket.keepalive.enable", "true"), ("socket.nagle.disable", "true"), ("reconnect.backoff.ms", "50"),
                ("reconnect.backoff.max.ms", "1000"), ("allow.auto.create.topics", "true"),
                ("topic.metadata.refresh.interval.ms", "10000"), ("log.connection.close", "false"),
            ],
            KafkaCallbacks(
                logger: logger,
                onError: { error in
                    if error.isFatal { flags.isBroken.store(true, ordering: .releasing) }
                    logger.warning("kafka producer", ["error": .string(error.description)])
                }))
        self.handle = handle
        startThread {
            while !flags.isOver.load(ordering: .acquiring) { rd_kafka_poll(handle.pointer, 100) }
            // What was not written is reported as such: nobody waits for ever.
            rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            rd_kafka_flush(handle.pointer, 1000)
        }
    }

    /// Whether a fatal error made the client useless.
    var isBroken: Bool { flags.isBroken.load(ordering: .acquiring) }
    var queued: Int { Int(rd_kafka_outq_len(handle.pointer)) }

    /// Gives up what is under way.
    func end() { flags.isOver.store(true, ordering: .releasing) }

    /// Hands a record to librdkafka, which copies it and reports to `slot` once.
    func enqueue(_ record: KafkaRecord, _ slot: DeliverySlot) -> KafkaError? {
        if flags.isOver.load(ordering: .acquiring) { return KafkaError(.stopped, "the producer", isRetriable: true) }
        let headers = rd_kafka_headers_new(record.headers.count)
        for header in record.headers {
            header.value.withUnsafeBytes { bytes in
                _ = rd_kafka_header_add(headers, header.name, -1, bytes.baseAddress, bytes.count)
            }
        }
        // Released by the delivery report, or below where librdkafka did not take the record.
        let opaque = Unmanaged.passRetained(slot)
        let error = record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                atelier_kafka_produce(
                    handle.pointer, record.topic, key.baseAddress, key.count, value.baseAddress, value.count, headers,
                    opaque.toOpaque())
            }
        }
        guard error != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        opaque.release()
        rd_kafka_headers_destroy(headers)
        return KafkaError(error)
    }
}
