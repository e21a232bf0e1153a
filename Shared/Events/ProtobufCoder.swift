public import FoundationEssentials

/// Writes and reads payloads as protobuf, field by field from the message's descriptor.
public enum ProtobufCoder {
    /// The bytes of a payload.
    /// - Throws: ``EventError`` with `tooLarge`, or `unwritable` where a value does not fit its field.
    public static func encode(_ payload: some EventPayload) throws -> Data {
        let memory = try MessageMemory(layout(of: type(of: payload)))
        let encoder = MessageEncoder(memory)
        try payload.encode(to: encoder)
        if let missing = memory.layout.fields.values.first(where: { !$0.isOptional && !encoder.written.has($0.name) }) {
            throw EventError(.unwritable, "\(memory.layout.name).\(missing.name) has no value")
        }
        let data = memory.packed()
        guard data.count <= EventLimits.payloadBytes else {
            throw EventError(.tooLarge, "\(memory.layout.name) has \(data.count) bytes")
        }
        return data
    }

    /// Reads a payload.
    /// - Throws: ``EventError`` with `malformed`.
    public static func decode<P: EventPayload>(_ type: P.Type = P.self, from data: Data) throws -> P {
        let memory = try MessageMemory(layout(of: type), parsing: data)
        do {
            return try P(from: MessageDecoder(memory))
        } catch let error as DecodingError {
            throw EventError(.malformed, "\(memory.layout.name): \(Self.reason(error))")
        }
    }

    private static func layout(of type: any EventPayload.Type) throws -> MessageLayout {
        guard let layout = EventRegistry.layouts[type.messageName] else {
            throw EventError(.unknownType, "\(type.messageName) is no message of Proto/")
        }
        return layout
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\(key.stringValue) is not there"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(context.codingPath.last?.stringValue ?? "message"): \(context.debugDescription)"
        @unknown default: "unreadable"
        }
    }
}
