internal import FoundationEssentials

/// Reads one JSON object strictly (RFC 8259), for tokens: a name that stands twice, an unpaired surrogate, a control
/// character, or bytes after the end make it invalid. Foundation's decoder takes a repeated name, and two readers that
/// choose differently between the two are how forged claims get past a check.
struct StrictJSONObject {
    /// The value of a member, as far as tokens need it.
    enum Member: Equatable {
        case string(String)
        /// A number without fraction and exponent, of 15 digits at most.
        case integer(Int64)
        /// Something else that is valid JSON.
        case other

        var string: String? { if case .string(let value) = self { value } else { nil } }
        var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    }

    /// The members of the object; `nil` where `data` is not exactly one.
    static func members(_ data: Data) -> [String: Member]? {
        data.withUnsafeBytes { buffer in
            var reader = StrictJSONObject(bytes: buffer)
            guard let members = reader.object(depth: 0) else { return nil }
            reader.skipBlanks()
            return reader.position == buffer.count ? members : nil
        }
    }

    private static let deepest = 8
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for index in 0..<length where bytes[position + index] != word.utf8Start[index] { return false }
        position += length
        return true
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func object(depth: Int) -> [String: Member]? {
        guard depth < Self.deepest, take("{") else { return nil }
        var members: [String: Member] = [:]
        skipBlanks()
        if take("}") { return members }
        repeat {
            skipBlanks()
            guard let name = string() else { return nil }
            skipBlanks()
            guard take(":"), let value = value(depth: depth), members.updateValue(value, forKey: name) == nil else {
                return nil
            }
            skipBlanks()
        } while take(",")
        return take("}") ? members : nil
    }

    private mutating func value(depth: Int) -> Member? {
        skipBlanks()
        switch next {
        case UInt8(ascii: "\""): return string().map(Member.string)
        case UInt8(ascii: "{"): return object(depth: depth + 1) == nil ? nil : .other
        case UInt8(ascii: "["): return array(depth: depth + 1) ? .other : nil
        case UInt8(ascii: "t"): return take(word: "true") ? .other : nil
        case UInt8(ascii: "f"): return take(word: "false") ? .other : nil
        case UInt8(ascii: "n"): return take(word: "null") ? .other : nil
        default: return number()
        }
    }

    private mutating func array(depth: Int) -> Bool {
        guard depth < Self.deepest, take("[") else { return false }
        skipBlanks()
        if take("]") { return true }
        repeat {
            guard value(depth: depth) != nil else { return false }
            skipBlanks()
        } while take(",")
        return take("]")
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func number() -> Member? {
        let start = position
        _ = take("-")
        let leadsWithZero = next == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !leadsWithZero || whole == 1 else { return nil }
        let end = position
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { return nil }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { return nil }
        }
        guard isInteger, whole <= 15 else { return .other }
        return Int64(String(decoding: bytes[start..<end], as: UTF8.self)).map(Member.integer)
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text.append(contentsOf: Array(String(scalar).utf8))
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { return nil }
            guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
            guard take(word: "\\u"), let low = codeUnit(), (0xDC00..<0xE000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        default: return nil
        }
    }

    private mutating func codeUnit() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let text = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        position += 4
        return UInt32(text, radix: 16)
    }
}
