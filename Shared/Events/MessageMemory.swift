internal import CEvents
internal import FoundationEssentials
internal import Glibc

/// One message in the memory layout of protobuf-c, freed with its strings when released.
final class MessageMemory {
    let layout: MessageLayout
    private let memory: UnsafeMutableRawPointer

    /// An empty message.
    init(_ layout: MessageLayout) throws {
        guard let memory = calloc(1, layout.descriptor.pointee.sizeof_message) else {
            throw EventError(.unwritable, "out of memory")
        }
        layout.descriptor.pointee.message_init(memory.assumingMemoryBound(to: ProtobufCMessage.self))
        self.layout = layout
        self.memory = memory
    }

    /// A message read from its bytes.
    init(_ layout: MessageLayout, parsing data: Data) throws {
        let message = data.withUnsafeBytes { bytes in
            protobuf_c_message_unpack(
                layout.descriptor, nil, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard let message else { throw EventError(.malformed, "not a message \(layout.name)") }
        self.layout = layout
        memory = UnsafeMutableRawPointer(message)
    }

    // Strings come from `strdup` here and from the system allocator in `unpack`: both are freed by this call.
    deinit { protobuf_c_message_free_unpacked(memory.assumingMemoryBound(to: ProtobufCMessage.self), nil) }

    /// The bytes of the message.
    func packed() -> Data {
        let message = memory.assumingMemoryBound(to: ProtobufCMessage.self)
        var data = Data(count: protobuf_c_message_get_packed_size(message))
        data.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            _ = protobuf_c_message_pack(message, base.assumingMemoryBound(to: UInt8.self))
        }
        return data
    }

    func store<T>(_ value: T, _ field: MessageLayout.Field) {
        memory.storeBytes(of: value, toByteOffset: field.offset, as: T.self)
        if field.isOptional { memory.storeBytes(of: 1, toByteOffset: field.quantifierOffset, as: Int32.self) }
    }

    func load<T>(_ field: MessageLayout.Field) -> T { memory.load(fromByteOffset: field.offset, as: T.self) }

    func storeText(_ value: String, _ field: MessageLayout.Field) {
        memory.storeBytes(of: strdup(value), toByteOffset: field.offset, as: UnsafeMutablePointer<CChar>?.self)
    }

    /// The text of a field; `nil` where it is absent.
    func text(_ field: MessageLayout.Field) -> UnsafeMutablePointer<CChar>? {
        memory.load(fromByteOffset: field.offset, as: UnsafeMutablePointer<CChar>?.self)
    }

    func storeBytes(_ value: Data, _ field: MessageLayout.Field) {
        let copy = malloc(max(1, value.count))?.assumingMemoryBound(to: UInt8.self)
        if let copy { value.copyBytes(to: copy, count: value.count) }
        store(ProtobufCBinaryData(len: copy == nil ? 0 : value.count, data: copy), field)
    }

    /// Whether a field has a value.
    func has(_ field: MessageLayout.Field) -> Bool {
        guard field.isOptional else { return true }
        if field.type == PROTOBUF_C_TYPE_STRING { return text(field) != nil }
        return memory.load(fromByteOffset: field.quantifierOffset, as: Int32.self) != 0
    }
}
