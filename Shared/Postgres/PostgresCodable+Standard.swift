public import FoundationEssentials
public import Primitives

extension String: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter { .text(self) }
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) { self.init(decoding: bytes, as: UTF8.self) }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter { .text(self ? "t" : "f") }
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 1 else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "t"): self = true
        case UInt8(ascii: "f"): self = false
        default: return nil
        }
    }
}

extension PostgresEncodable where Self: FixedWidthInteger {
    public var postgresParameter: PostgresParameter { .text(String(self)) }
}

extension PostgresDecodable where Self: FixedWidthInteger {
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        var digits = bytes[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        guard !digits.isEmpty else { return nil }
        var value: Self = 0
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, high) = value.multipliedReportingOverflow(by: 10)
            let digit = Self(byte - 0x30)
            // Negative numbers grow downwards, so that the least one has room.
            let (sum, over) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if high || over { return nil }
            value = sum
        }
        self = value
    }
}

extension Int: PostgresEncodable, PostgresDecodable {}
extension Int16: PostgresEncodable, PostgresDecodable {}
extension Int32: PostgresEncodable, PostgresDecodable {}
extension Int64: PostgresEncodable, PostgresDecodable {}

extension Double: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter {
        if isNaN { return .text("NaN") }
        if isInfinite { return .text(self < 0 ? "-Infinity" : "Infinity") }
        return .text(description)
    }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        self.init(String(decoding: bytes, as: UTF8.self).lowercased())
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter { .text(uuidString) }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 36 else { return nil }
        var value: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for byte in bytes where byte != UInt8(ascii: "-") {
            guard let nibble = TextFormat.nibble(byte), digits < 32 else { return nil }
            if digits < 16 { value.0 = value.0 << 4 | UInt64(nibble) } else { value.1 = value.1 << 4 | UInt64(nibble) }
            digits += 1
        }
        guard digits == 32 else { return nil }
        value = (value.0.bigEndian, value.1.bigEndian)
        self = withUnsafeBytes(of: &value) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// `bytea`.
extension Data: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter { .binary(self) }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 2, bytes.count.isMultiple(of: 2), bytes[0] == UInt8(ascii: "\\"),
            bytes[1] == UInt8(ascii: "x")
        else { return nil }
        var data = Data(capacity: bytes.count / 2 - 1)
        for index in stride(from: 2, to: bytes.count, by: 2) {
            guard let high = TextFormat.nibble(bytes[index]), let low = TextFormat.nibble(bytes[index + 1]) else {
                return nil
            }
            data.append(high << 4 | low)
        }
        self = data
    }
}

/// `timestamptz`, to the microsecond; the session's time zone is UTC. Dates before the year 1 and infinities are not read.
extension Date: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter { .text(TextFormat.timestamp(self)) }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let date = TextFormat.date(timestamp: bytes) else { return nil }
        self = date
    }
}

/// `jsonb`.
extension JSONValue: PostgresEncodable, PostgresDecodable {
    public var postgresParameter: PostgresParameter {
        // Encoding JSON itself cannot fail except for numbers that JSON lacks; those become NULL and meet NOT NULL.
        (try? JSON.text(self)).map(PostgresParameter.text) ?? .null
    }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let value = try? JSON.decode(JSONValue.self, from: Data(buffer: bytes)) else { return nil }
        self = value
    }
}

/// A typed value in a `jsonb` column.
public struct PostgresJSON<Value: Codable & Sendable>: PostgresEncodable, PostgresDecodable, Sendable {
    /// What the column holds.
    public var value: Value
    /// Wraps a value.
    public init(_ value: Value) { self.value = value }

    public var postgresParameter: PostgresParameter {
        // As above: what JSON cannot hold becomes NULL.
        (try? JSON.text(value)).map(PostgresParameter.text) ?? .null
    }

    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let value = try? JSON.decode(Value.self, from: Data(buffer: bytes)) else { return nil }
        self.value = value
    }
}

/// Arrays of one dimension, as in `WHERE id = ANY(\(ids))`.
extension Array: PostgresEncodable where Element: PostgresEncodable {
    public var postgresParameter: PostgresParameter { .text(TextFormat.array(map(\.postgresParameter))) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let elements = TextFormat.elements(array: bytes) else { return nil }
        self = []
        reserveCapacity(elements.count)
        for element in elements {
            let value = element.map { $0.withUnsafeBufferPointer { Element(postgresText: $0) } } ?? Element.postgresNull
            guard let value else { return nil }
            append(value)
        }
    }
}
