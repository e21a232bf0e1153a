internal import Events
internal import FoundationEssentials
internal import Messaging
internal import Primitives

/// An event as it came from Kafka, or from the parked ones.
struct IncomingEvent: Sendable {
    let topic: String
    let partition: Int32
    let offset: Int64
    let key: String
    let envelope: EventEnvelope
    let headers: [String: String]

    /// What the inbox remembers: the event's id, or another one for each time that it was sent back from the dead
    /// letters on purpose.
    var id: UUID {
        headers[DeadLetters.replayHeader].map { .derived(from: envelope.id, $0) } ?? envelope.id
    }
    var type: String { envelope.type }

    /// Reads a message of CloudEvents' binary mode.
    /// - Throws: `EventError` where a header is missing or is not what it should be.
    init(_ message: ReceivedRecord) throws {
        topic = message.topic
        partition = message.partition
        offset = message.offset
        key = message.keyText
        envelope = try EventEnvelope(
            headers: message.headers.map { ($0.name, $0.value) }, key: message.key, value: message.value)
        headers = message.headerTexts
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

extension ReceivedRecord {
    /// The key as Postgres can keep it.
    var keyText: String { key.map(Self.storable) ?? "" }

    /// The headers as Postgres can keep them, the last of each name.
    var headerTexts: [String: String] {
        Dictionary(headers.map { (Self.storable(Data($0.name.utf8)), Self.storable($0.value)) }) { $1 }
    }

    /// Bytes as text without NUL, which Postgres refuses in text and in JSON; what is no UTF-8 is replaced.
    private static func storable(_ bytes: Data) -> String {
        String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
    }
}
