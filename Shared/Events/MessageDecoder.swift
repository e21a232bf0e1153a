internal import CEvents
internal import FoundationEssentials

/// Reads a flat `Decodable` from a message.
struct MessageDecoder: Decoder {
    let memory: MessageMemory
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ memory: MessageMemory) { self.memory = memory }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(MessageReader<Key>(memory: memory))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw EventError(.malformed, "no list") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw EventError(.malformed, "no bare value")
    }
}

/// Reads the fields of a message by the names of a struct's properties.
private struct MessageReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let memory: MessageMemory
    let codingPath: [any CodingKey] = []
    var allKeys: [Key] { memory.layout.fields.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { memory.layout.field(key).map(memory.has) ?? false }
    func decodeNil(forKey key: Key) throws -> Bool { !contains(key) }

    private func field(_ key: Key) throws -> MessageLayout.Field {
        guard let field = memory.layout.field(key), memory.has(field) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: [key], debugDescription: "absent"))
        }
        return field
    }

    private func wrong(_ key: Key, _ reason: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [key], debugDescription: reason))
    }

    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        let field = try field(key)
        guard field.type == PROTOBUF_C_TYPE_STRING, let pointer = memory.text(field) else {
            throw wrong(key, "not text")
        }
        guard let text = String(validatingCString: pointer) else { throw wrong(key, "not UTF-8") }
        return text
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        let field = try field(key)
        guard field.type == PROTOBUF_C_TYPE_BOOL else { throw wrong(key, "not a truth value") }
        let value: Int32 = memory.load(field)
        return value != 0
    }

    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        let field = try field(key)
        switch field.type {
        case PROTOBUF_C_TYPE_DOUBLE: return memory.load(field)
        case PROTOBUF_C_TYPE_FLOAT: return Double(memory.load(field) as Float)
        default: throw wrong(key, "not a number")
        }
    }

    private func integer<T: FixedWidthInteger>(_ key: Key) throws -> T {
        let field = try field(key)
        let value: T?
        switch field.type {
        case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
            value = T(exactly: memory.load(field) as Int32)
        case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
            value = T(exactly: memory.load(field) as Int64)
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32: value = T(exactly: memory.load(field) as UInt32)
        case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64: value = T(exactly: memory.load(field) as UInt64)
        default: throw wrong(key, "not a whole number")
        }
        guard let value else { throw wrong(key, "out of range") }
        return value
    }

    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try decode(Double.self, forKey: key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        if type == UUID.self, let id = UUID(uuidString: try decode(String.self, forKey: key)) as? T { return id }
        if type == Data.self {
            let field = try field(key)
            guard field.type == PROTOBUF_C_TYPE_BYTES else { throw wrong(key, "not bytes") }
            let bytes: ProtobufCBinaryData = memory.load(field)
            let data = bytes.data.map { Data(bytes: $0, count: bytes.len) } ?? Data()
            if let data = data as? T { return data }
        }
        if let choice = type as? any RawRepresentable.Type,
            let value = Self.choice(choice, try decode(String.self, forKey: key)) as? T
        {
            return value
        }
        throw wrong(key, "not a \(type)")
    }

    private static func choice<R: RawRepresentable>(_ type: R.Type, _ text: String) -> R? {
        (text as? R.RawValue).flatMap { R(rawValue: $0) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw wrong(key, "messages are flat") }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw wrong(key, "messages are flat")
    }
    func superDecoder() throws -> any Decoder { MessageDecoder(memory) }
    func superDecoder(forKey key: Key) throws -> any Decoder { MessageDecoder(memory) }
}
