internal import CKafka

/// What went wrong between this process and Kafka.
public struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure, as librdkafka names it; new ones may come.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The name, for logs.
        public let rawValue: String
        /// A kind by its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The setting does not exist or has a wrong value.
        public static let configuration = Code(rawValue: "configuration")
        /// More records wait than may wait.
        public static let queueFull = Code(rawValue: "queue_full")
        /// The client was stopped; the record may have been written or not.
        public static let stopped = Code(rawValue: "stopped")
        /// No answer in time.
        public static let timedOut = Code(rawValue: "timed_out")
        /// The record is larger than the topic takes.
        public static let tooLarge = Code(rawValue: "too_large")
        /// There is no such topic and it cannot be made.
        public static let unknownTopic = Code(rawValue: "unknown_topic")
        /// The brokers refuse who we are, or what we may do.
        public static let denied = Code(rawValue: "denied")
        /// Another failure; the reason names it.
        public static let broker = Code(rawValue: "broker")
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, without content.
    public let reason: String
    /// Whether the same call may succeed later.
    public let isRetriable: Bool
    /// Whether the client that said it is of no use any more.
    let isFatal: Bool

    /// An error of this module's own.
    public init(_ code: Code, _ reason: String, isRetriable: Bool) {
        self.code = code
        self.reason = reason
        self.isRetriable = isRetriable
        isFatal = false
    }

    init(_ error: rd_kafka_resp_err_t, _ context: String = "") {
        let text = String(cString: rd_kafka_err2str(error))
        reason = context.isEmpty ? text : "\(context): \(text)"
        isFatal = error == RD_KAFKA_RESP_ERR__FATAL
        switch error {
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: (code, isRetriable) = (.queueFull, true)
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__DESTROY:
            (code, isRetriable) = (.stopped, true)
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            (code, isRetriable) = (.timedOut, true)
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
            RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
            (code, isRetriable) = (.tooLarge, false)
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            (code, isRetriable) = (.unknownTopic, true)
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            (code, isRetriable) = (.denied, true)
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR__INVALID_ARG:
            (code, isRetriable) = (.broker, false)
        default: (code, isRetriable) = (.broker, true)
        }
    }

    public var description: String { "kafka \(code.rawValue): \(reason)" }
}
