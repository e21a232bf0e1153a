import Events
import FoundationEssentials

/// What a struct asks for when it is decoded: property names, with type and whether it may be absent.
final class Shape {
    struct Property: Equatable {
        let type: String
        let isOptional: Bool
    }
    var properties: [String: Property] = [:]
}

/// Records the shape of a flat `Decodable`, giving it made-up values.
struct ShapeDecoder: Decoder {
    let shape: Shape
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ShapeContainer<Key>(shape: shape))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw EventError(.malformed, "not flat") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw EventError(.malformed, "not flat") }
}

private struct ShapeContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let shape: Shape
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    private func note(_ key: Key, _ type: Any.Type, optional: Bool = false) {
        if shape.properties[key.stringValue]?.isOptional != true {
            shape.properties[key.stringValue] = .init(type: "\(type)", isOptional: optional)
        }
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { note(key, type); return true }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { note(key, type); return "x" }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { note(key, type); return 1 }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { note(key, type); return 1 }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { note(key, type); return 1 }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        note(key, type, optional: true); return nil
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        note(key, type, optional: true); return nil
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        note(key, type, optional: true); return nil
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        note(key, type, optional: true); return nil
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        note(key, type, optional: true); return nil
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        note(key, type, optional: true); return nil
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        note(key, type)
        if let id = UUID() as? T { return id }
        if let bytes = Data() as? T { return bytes }
        if let choices = type as? any CaseIterable.Type, let first = Self.first(choices) as? T { return first }
        throw EventError(.malformed, "not flat")
    }

    private static func first<C: CaseIterable>(_ type: C.Type) -> C? { C.allCases.first }

    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
        throw EventError(.malformed, "not flat")
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw EventError(.malformed, "not flat")
    }
    func superDecoder() throws -> any Decoder { ShapeDecoder(shape: shape) }
    func superDecoder(forKey key: Key) throws -> any Decoder { ShapeDecoder(shape: shape) }
}
