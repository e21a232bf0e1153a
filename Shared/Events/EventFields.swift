internal import CEvents
public import FoundationEssentials
public import Primitives

extension EventRegistry {
    /// The fields of a message by the names of `Proto/`, for people who look at one whose type is known by name only.
    /// - Returns: the fields that are set; bytes are told by their number. `nil` where there is no such message.
    /// - Throws: ``EventError`` with `malformed`.
    public static func fields(of messageName: String, in data: Data) throws -> [String: JSONValue]? {
        guard let layout = layouts[messageName] else { return nil }
        let memory = try MessageMemory(layout, parsing: data)
        return layout.fields.values.reduce(into: [:]) { found, field in
            if memory.has(field) { found[field.name] = value(of: field, memory) }
        }
    }

    private static func value(of field: MessageLayout.Field, _ memory: MessageMemory) -> JSONValue {
        if field.isRepeated { return .string("(a list)") }
        switch field.type {
        case PROTOBUF_C_TYPE_STRING: return .string(memory.text(field).map { String(cString: $0) } ?? "")
        case PROTOBUF_C_TYPE_BOOL: return .bool((memory.load(field) as Int32) != 0)
        case PROTOBUF_C_TYPE_DOUBLE: return .double(memory.load(field))
        case PROTOBUF_C_TYPE_FLOAT: return .double(Double(memory.load(field) as Float))
        case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64: return .int(memory.load(field))
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32: return .int(Int64(memory.load(field) as UInt32))
        case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64: return .string(String(memory.load(field) as UInt64))
        case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_ENUM:
            return .int(Int64(memory.load(field) as Int32))
        case PROTOBUF_C_TYPE_BYTES: return .string("(\((memory.load(field) as ProtobufCBinaryData).len) bytes)")
        default: return .string("(a message)")
        }
    }
}
