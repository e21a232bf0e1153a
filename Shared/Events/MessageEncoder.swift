internal import CEvents
internal import FoundationEssentials
internal import Primitives

/// The names of the fields that got a value.
final class WrittenFields {
    private var names: Set<String> = []
    func add(_ name: String) { names.insert(name) }
    func has(_ name: String) -> Bool { names.contains(name) }
}

/// Writes a flat `Encodable` into a message.
struct MessageEncoder: Encoder {
    let memory: MessageMemory
    let written = WrittenFields()
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ memory: MessageMemory) { self.memory = memory }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(MessageWriter<Key>(memory: memory, written: written))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { UnsupportedContainer(codingPath: codingPath) }
    func singleValueContainer() -> any SingleValueEncodingContainer { UnsupportedContainer(codingPath: codingPath) }
}

/// Writes the fields of a message by the names of a struct's properties.
private struct MessageWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let memory: MessageMemory
    let written: WrittenFields
    let codingPath: [any CodingKey] = []

    private func field(_ key: Key) throws -> MessageLayout.Field {
        guard let field = memory.layout.field(key) else {
            throw EventError(.unwritable, "\(memory.layout.name) has no field for \(key.stringValue)")
        }
        written.add(field.name)
        return field
    }

    private func unfit(_ key: Key) -> EventError {
        EventError(.unwritable, "\(memory.layout.name): the value of \(key.stringValue) does not fit its field")
    }

    func encodeNil(forKey key: Key) throws {
        guard try field(key).isOptional else { throw unfit(key) }
    }

    func encode(_ value: String, forKey key: Key) throws {
        let field = try field(key)
        // protobuf-c keeps text as C strings: NUL would cut it short without a word.
        guard field.type == PROTOBUF_C_TYPE_STRING, !value.utf8.contains(0) else { throw unfit(key) }
        memory.storeText(value, field)
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        let field = try field(key)
        guard field.type == PROTOBUF_C_TYPE_BOOL else { throw unfit(key) }
        memory.store(Int32(value ? 1 : 0), field)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        let field = try field(key)
        switch field.type {
        case PROTOBUF_C_TYPE_DOUBLE: memory.store(value, field)
        case PROTOBUF_C_TYPE_FLOAT: memory.store(Float(value), field)
        default: throw unfit(key)
        }
    }

    private func integer(_ value: some BinaryInteger, _ key: Key) throws {
        let field = try field(key)
        switch field.type {
        case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
            guard let exact = Int32(exactly: value) else { throw unfit(key) }
            memory.store(exact, field)
        case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
            guard let exact = Int64(exactly: value) else { throw unfit(key) }
            memory.store(exact, field)
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
            guard let exact = UInt32(exactly: value) else { throw unfit(key) }
            memory.store(exact, field)
        case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
            guard let exact = UInt64(exactly: value) else { throw unfit(key) }
            memory.store(exact, field)
        default: throw unfit(key)
        }
    }

    func encode(_ value: Float, forKey key: Key) throws { try encode(Double(value), forKey: key) }
    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        switch value {
        case let id as UUID: try encode(id.text, forKey: key)
        case let data as Data:
            let field = try field(key)
            guard field.type == PROTOBUF_C_TYPE_BYTES else { throw unfit(key) }
            memory.storeBytes(data, field)
        case let choice as any RawRepresentable:
            guard let text = choice.rawValue as? String else { throw unfit(key) }
            try encode(text, forKey: key)
        default: throw unfit(key)
        }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(UnsupportedKeyedContainer<Nested>(codingPath: [key]))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        UnsupportedContainer(codingPath: [key])
    }

    func superEncoder() -> any Encoder { MessageEncoder(memory) }
    func superEncoder(forKey key: Key) -> any Encoder { MessageEncoder(memory) }
}
