public import FoundationEssentials

/// A record on its way to Kafka.
public struct KafkaRecord: Sendable, Equatable {
    /// The name of the topic.
    public var topic: String
    /// Records of one key stay in order.
    public var key: Data
    /// Headers in their order.
    public var headers: [Header]
    /// The content.
    public var value: Data

    /// A header of a record.
    public struct Header: Sendable, Equatable {
        /// The name; it may come several times.
        public var name: String
        /// The content.
        public var value: Data

        /// A header from its parts.
        public init(_ name: String, _ value: Data) {
            self.name = name
            self.value = value
        }
    }

    /// A record from its parts.
    public init(topic: String, key: Data, headers: [Header], value: Data) {
        self.topic = topic
        self.key = key
        self.headers = headers
        self.value = value
    }
}

/// Where a record stands in its topic.
public struct RecordPosition: Sendable, Hashable {
    /// The partition, from 0.
    public let partition: Int32
    /// The place in the partition, from 0.
    public let offset: Int64
}

/// A record as it was read.
public struct ReceivedRecord: Sendable {
    /// The name of the topic.
    public let topic: String
    /// The partition, from 0.
    public let partition: Int32
    /// The place in the partition, from 0.
    public let offset: Int64
    /// What its partition was chosen by.
    public let key: Data?
    /// Headers in their order, a hundred at most.
    public let headers: [KafkaRecord.Header]
    /// `nil` for a tombstone.
    public let value: Data?

    /// When it was written, by its producer's or the broker's clock; `nil` where neither said.
    public var time: Date?

    /// A record from its parts, for tests.
    public init(
        topic: String, partition: Int32, offset: Int64, key: Data?, headers: [KafkaRecord.Header], value: Data?
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        self.value = value
    }

    /// The last header of a name, as text; `nil` where it is absent or no UTF-8.
    public func header(_ name: String) -> String? {
        headers.last { $0.name == name }.flatMap { String(validating: $0.value, as: UTF8.self) }
    }

    /// How much memory it holds, about.
    var size: Int { 200 + (value?.count ?? 0) + (key?.count ?? 0) + headers.reduce(0) { $0 + $1.value.count + 60 } }
}
