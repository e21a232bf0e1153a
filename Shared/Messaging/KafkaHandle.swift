internal import CKafka
internal import Telemetry

/// What callbacks of one client need; kept alive by the handle that it belongs to.
final class KafkaCallbacks: Sendable {
    let logger: Logger
    /// An error that the client reported by itself.
    let onError: @Sendable (KafkaError) -> Void
    /// Partitions come or go; runs on the thread that polls.
    let onRebalance:
        @Sendable (OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Void

    init(
        logger: Logger, onError: @escaping @Sendable (KafkaError) -> Void = { _ in },
        onRebalance:
            @escaping @Sendable (
                OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
            ) -> Void = { _, _, _ in }
    ) {
        self.logger = logger
        self.onError = onError
        self.onRebalance = onRebalance
    }
}

/// A client of librdkafka; destroyed when released.
final class KafkaHandle: @unchecked Sendable {  // librdkafka's handles may be used from any thread.
    let pointer: OpaquePointer
    private let callbacks: KafkaCallbacks
    private let isConsumer: Bool

    /// - Throws: ``KafkaError`` with `configuration`.
    init(consumer: Bool, _ properties: [(String, String)], _ callbacks: KafkaCallbacks) throws {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in properties {
            guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw KafkaError(.configuration, Self.string(text), isRetriable: false)
            }
        }
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(callbacks).toOpaque())
        rd_kafka_conf_set_log_cb(configuration, kafkaLogged)
        rd_kafka_conf_set_error_cb(configuration, kafkaFailed)
        if consumer {
            rd_kafka_conf_set_rebalance_cb(configuration, kafkaRebalanced)
        } else {
            rd_kafka_conf_set_dr_msg_cb(configuration, kafkaDelivered)
        }
        guard
            let pointer = rd_kafka_new(
                consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, configuration, &text, text.count)
        else {
            rd_kafka_conf_destroy(configuration)
            throw KafkaError(.configuration, Self.string(text), isRetriable: false)
        }
        self.pointer = pointer
        self.callbacks = callbacks
        isConsumer = consumer
        if consumer { rd_kafka_poll_set_consumer(pointer) }
    }

    // A consumer is closed by its own thread before; here nothing more is committed.
    //
    // It is not destroyed: librdkafka 2.0.2 asserts in `rd_kafka_sticky_assignor_state_destroy` where a cooperative-sticky
    // member never led its group (librdkafka issue 4312, mended in 2.3.0), which ended whole services after a broker was
    // replaced. A process has one consumer, and one more for each cluster that took the place of another: their idle
    // threads are the lesser evil. What its callbacks need stays with it.
    deinit {
        if isConsumer {
            _ = Unmanaged.passRetained(callbacks)
        } else {
            rd_kafka_destroy(pointer)
        }
    }

    /// How many partitions each topic of the cluster has. Blocks.
    /// - Throws: ``KafkaError`` where no broker answers in time.
    func topics(_ milliseconds: Int32) throws -> [String: Int] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(pointer, 1, nil, &metadata, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(error, "list of topics") }
        defer { rd_kafka_metadata_destroy(metadata) }
        var found: [String: Int] = [:]
        for index in 0..<Int(metadata.pointee.topic_cnt) {
            let topic = metadata.pointee.topics[index]
            if topic.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                found[String(cString: topic.topic)] = Int(topic.partition_cnt)
            }
        }
        return found
    }

    /// The id of the cluster as the brokers last said it; `nil` before they did. Does not block.
    var knownClusterID: String? {
        guard let text = rd_kafka_clusterid(pointer, 0) else { return nil }
        defer { rd_kafka_mem_free(pointer, text) }
        return String(cString: text)
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private func callbacks(_ opaque: UnsafeMutableRawPointer?) -> KafkaCallbacks? {
    opaque.map { Unmanaged<KafkaCallbacks>.fromOpaque($0).takeUnretainedValue() }
}

private func kafkaLogged(
    _ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    // The client is nil while it is being made and where it could not be.
    guard let client, let callbacks = callbacks(rd_kafka_opaque(client)), let text, let facility else { return }
    callbacks.logger.log(
        level <= 3 ? .warning : level <= 5 ? .info : .debug, "kafka",
        ["facility": .string(String(cString: facility)), "detail": .string(String(cString: text))])
}

private func kafkaFailed(
    _ client: OpaquePointer?, _ error: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    let text = reason.map { String(cString: $0) } ?? ""
    callbacks(opaque)?.onError(KafkaError(rd_kafka_resp_err_t(error), text))
}

private func kafkaRebalanced(
    _ client: OpaquePointer?, _ event: rd_kafka_resp_err_t,
    _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    callbacks(opaque)?.onRebalance(client, event, partitions)
}

private func kafkaDelivered(
    _ client: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    // Balanced with `passRetained` where the record was given to librdkafka: each has exactly one report.
    guard let message, let slot = message.pointee._private else { return }
    let report = message.pointee
    Unmanaged<DeliverySlot>.fromOpaque(slot).takeRetainedValue().report(
        report.err == RD_KAFKA_RESP_ERR_NO_ERROR
            ? .success(RecordPosition(partition: report.partition, offset: report.offset))
            : .failure(KafkaError(report.err)))
}
