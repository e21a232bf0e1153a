internal import CEvents

/// The fields of one protobuf message, from the descriptor that protoc-c generated.
struct MessageLayout: @unchecked Sendable {  // The descriptor is constant data of the program.
    struct Field {
        let name: String
        let type: ProtobufCType
        let isOptional: Bool
        let isRepeated: Bool
        let offset: Int
        let quantifierOffset: Int
    }

    let name: String
    let descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    let fields: [String: Field]

    init(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) {
        self.descriptor = descriptor
        name = String(cString: descriptor.pointee.name)
        var fields: [String: Field] = [:]
        for index in 0..<Int(descriptor.pointee.n_fields) {
            let field = descriptor.pointee.fields[index]
            let name = String(cString: field.name)
            fields[name] = Field(
                name: name, type: field.type, isOptional: field.label == PROTOBUF_C_LABEL_OPTIONAL,
                isRepeated: field.label == PROTOBUF_C_LABEL_REPEATED, offset: Int(field.offset),
                quantifierOffset: Int(field.quantifier_offset))
        }
        self.fields = fields
    }

    /// The field of a Swift property.
    func field(_ key: some CodingKey) -> Field? { fields[Self.snakeCase(key.stringValue)] }

    /// `metadataJSON` → `metadata_json`: a word begins at a capital after a small letter or digit, so that an acronym
    /// stays one word.
    static func snakeCase(_ name: String) -> String {
        var out = [UInt8]()
        var afterSmall = false
        for byte in name.utf8 {
            let isCapital = byte >= 0x41 && byte <= 0x5A
            if isCapital, afterSmall { out.append(0x5F) }
            out.append(isCapital ? byte + 0x20 : byte)
            afterSmall = !isCapital
        }
        return String(decoding: out, as: UTF8.self)
    }
}
