public import FoundationEssentials
internal import Primitives
public import Telemetry

/// An event as it travels: CloudEvents 1.0 in Kafka's binary mode, attributes in `ce_` headers, the message as value
/// (CloudEvents Kafka protocol binding 1.0.2, §3.2).
public struct EventEnvelope: Sendable, Equatable {
    /// The identifier that makes handling it once possible.
    public var id: UUID
    /// The full name of the message.
    public var type: String
    /// The service that says it.
    public var source: String
    /// The key of the record.
    public var subject: String
    /// When it was said.
    public var time: Date
    /// The trace of the work that caused it.
    public var trace: Trace?
    /// The message's bytes.
    public var payload: Data

    /// An envelope from its parts.
    public init(
        id: UUID, type: String, source: String, subject: String, time: Date, trace: Trace?, payload: Data
    ) {
        self.id = id
        self.type = type
        self.source = source
        self.subject = subject
        self.time = time
        self.trace = trace
        self.payload = payload
    }

    /// Wraps a new event.
    /// - Throws: ``EventError`` where the payload cannot be written.
    public init(_ payload: some EventPayload, id: UUID? = nil, source: String, key: String, trace: Trace?) throws {
        self.init(
            id: id ?? .v7(), type: Swift.type(of: payload).messageName, source: source, subject: key, time: Date(),
            trace: trace,
            payload: try ProtobufCoder.encode(payload))
    }

    /// The media type of all payloads.
    public static let contentType = "application/protobuf"

    /// The headers of the record, in a fixed order.
    public var headers: [(name: String, value: String)] {
        var headers = [
            ("ce_specversion", "1.0"), ("ce_id", id.text), ("ce_source", source), ("ce_type", type),
            ("ce_time", time.rfc3339), ("ce_subject", subject), ("content-type", Self.contentType),
        ]
        if let trace { headers.append(("traceparent", trace.traceparent)) }
        return headers
    }

    /// Reads a record. Header names are compared as they are; of a repeated header the last one counts.
    /// - Throws: ``EventError`` with `headers` or `empty`.
    public init(headers: [(name: String, value: Data)], key: Data?, value: Data?) throws {
        var found: [String: String] = [:]
        for (name, value) in headers where name.utf8.count <= 64 && value.count <= 4096 {
            found[name] = String(validating: value, as: UTF8.self)
        }
        func required(_ name: String) throws -> String {
            guard let value = found[name], !value.isEmpty else {
                throw EventError(.headers, "\(name) is absent or unreadable")
            }
            return value
        }
        guard try required("ce_specversion") == "1.0" else {
            throw EventError(.headers, "ce_specversion is not 1.0")
        }
        guard let id = UUID(uuidString: try required("ce_id")) else { throw EventError(.headers, "ce_id is no UUID") }
        let type = try required("ce_type")
        let source = try required("ce_source")
        guard try required("content-type") == Self.contentType else {
            throw EventError(.headers, "content-type is not \(Self.contentType)")
        }
        guard let time = Date(rfc3339: try required("ce_time")) else {
            throw EventError(.headers, "ce_time is no RFC 3339 time")
        }
        guard let value else { throw EventError(.empty, "the record has no value") }
        self.init(
            id: id, type: type, source: source,
            subject: found["ce_subject"] ?? key.map { String(decoding: $0, as: UTF8.self) } ?? "", time: time,
            trace: found["traceparent"].flatMap { Trace(traceparent: $0) }, payload: value)
    }
}
