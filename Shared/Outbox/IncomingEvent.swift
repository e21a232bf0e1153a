internal import Events
internal import FoundationEssentials
internal import Messaging

/// An event as it came from Kafka, or from the parked ones.
struct IncomingEvent: Sendable {
    let topic: String
    let partition: Int32
    let offset: Int64
    let key: String
    let envelope: EventEnvelope
    let headers: [String: String]

    var id: UUID { envelope.id }
    var type: String { envelope.type }

    /// Reads a message of CloudEvents' binary mode.
    /// - Throws: `EventError` where a header is missing or is not what it should be.
    init(_ message: ReceivedRecord) throws {
        topic = message.topic
        partition = message.partition
        offset = message.offset
        key = message.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        envelope = try EventEnvelope(
            headers: message.headers.map { ($0.name, $0.value) }, key: message.key, value: message.value)
        headers = Dictionary(message.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }) { $1 }
    }

    /// Reads a parked event.
    init(
        topic: String, partition: Int32, offset: Int64, key: String, headers: [String: String], value: Data
    ) throws {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        envelope = try EventEnvelope(
            headers: headers.map { ($0.key, Data($0.value.utf8)) }, key: Data(key.utf8), value: value)
    }
}
