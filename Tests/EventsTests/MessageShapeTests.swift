import CEvents
import Events
import Foundation
import Testing

/// Walks every message that protoc-c generated and fails where its struct differs.
@Suite struct MessageShapeTests {
    private static var descriptors: [String: ProtobufCMessageDescriptor] {
        var found: [String: ProtobufCMessageDescriptor] = [:]
        for index in 0..<atelier_messages_count {
            if let descriptor = atelier_message(index) {
                found[String(cString: descriptor.pointee.name)] = descriptor.pointee
            }
        }
        return found
    }

    @Test func everyMessageHasAStructAndTheOtherWayRound() {
        #expect(Set(Self.descriptors.keys) == EventRegistry.messageNames)
        #expect(EventRegistry.all.count == EventRegistry.messageNames.count)
        #expect(Set(Samples.all.map { type(of: $0).messageName }) == EventRegistry.messageNames)
    }

    @Test(arguments: EventRegistry.all.map { $0.messageName })
    func fieldsAreTheSame(_ name: String) throws {
        let type = try #require(EventRegistry.all.first { $0.messageName == name })
        let descriptor = try #require(Self.descriptors[name])
        #expect(name.hasSuffix(".\(type)"))
        let shape = Shape()
        _ = try Self.decode(type, shape)
        var remaining = shape.properties
        for index in 0..<Int(descriptor.n_fields) {
            let field = descriptor.fields[index]
            let fieldName = String(cString: field.name)
            let key = try #require(
                remaining.keys.first { Self.snake($0) == fieldName }, "\(name).\(fieldName) has no property")
            let property = remaining.removeValue(forKey: key)
            #expect(field.label != PROTOBUF_C_LABEL_REPEATED, "\(name).\(fieldName): messages are flat")
            #expect(
                property?.isOptional == (field.label == PROTOBUF_C_LABEL_OPTIONAL), "\(name).\(fieldName): optional?")
            #expect(
                Self.types(field.type).contains(property?.type ?? ""), "\(name).\(fieldName): \(property?.type ?? "")")
        }
        #expect(remaining.isEmpty, "\(name) has no fields for \(remaining.keys.sorted())")
    }

    private static func decode<P: EventPayload>(_ type: P.Type, _ shape: Shape) throws -> P {
        try P(from: ShapeDecoder(shape: shape))
    }

    private static func types(_ type: ProtobufCType) -> [String] {
        switch type {
        case PROTOBUF_C_TYPE_STRING: ["String", "UUID", "Worker"]
        case PROTOBUF_C_TYPE_INT32: ["Int"]
        case PROTOBUF_C_TYPE_INT64: ["Int64"]
        case PROTOBUF_C_TYPE_BOOL: ["Bool"]
        case PROTOBUF_C_TYPE_DOUBLE: ["Double"]
        case PROTOBUF_C_TYPE_BYTES: ["Data"]
        default: []
        }
    }

    /// An independent rule: a capital begins a word unless the letter before it is a capital too.
    private static func snake(_ name: String) -> String {
        name.replacing(/([a-z0-9])([A-Z])/) { "\($0.1)_\($0.2)" }.lowercased()
    }
}
