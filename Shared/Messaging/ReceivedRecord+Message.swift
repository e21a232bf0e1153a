internal import CKafka
internal import FoundationEssentials

extension ReceivedRecord {
    /// Copies a message out of librdkafka's memory.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        var headers: [KafkaRecord.Header] = []
        var list: OpaquePointer?
        if rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            // At most 100: what is beyond was not written by this fleet.
            while headers.count < 100,
                rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
            {
                headers.append(
                    .init(
                        name.map { String(cString: $0) } ?? "", value.map { Data(bytes: $0, count: size) } ?? Data()))
            }
        }
        let content = message.pointee
        self.init(
            topic: String(cString: rd_kafka_topic_name(content.rkt)), partition: content.partition,
            offset: content.offset, key: content.key.map { Data(bytes: $0, count: content.key_len) },
            headers: headers, value: content.payload.map { Data(bytes: $0, count: content.len) })
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &kind)
        if kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, milliseconds > 0 {
            time = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        }
    }
}
