public import FoundationEssentials
public import Telemetry

/// An event as a handler gets it.
public struct Event<Payload: EventPayload>: Sendable {
    /// The identifier that makes handling it once possible.
    public let id: UUID
    /// The full name of the message.
    public let type: String
    /// The service that says it.
    public let source: String
    /// The key: the identifier of the aggregate.
    public let subject: String
    /// When it was said.
    public let time: Date
    /// The trace of the work that caused it.
    public let trace: Trace?
    /// What it says.
    public let payload: Payload

    /// Reads the payload of an envelope.
    /// - Throws: ``EventError``.
    public init(_ envelope: EventEnvelope, as type: Payload.Type = Payload.self) throws {
        self.id = envelope.id
        self.type = envelope.type
        self.source = envelope.source
        self.subject = envelope.subject
        self.time = envelope.time
        self.trace = envelope.trace
        self.payload = try ProtobufCoder.decode(type, from: envelope.payload)
    }
}
