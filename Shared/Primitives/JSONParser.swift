internal import FoundationEssentials

/// Reads JSON of any shape (RFC 8259), strictly: one value, valid UTF-8, no lone surrogates, bounded depth. Of equal
/// names in an object the last counts.
///
/// `JSONDecoder` finds the kind of an unknown value by trying one after the other, with an error for each miss; this
/// reads it in one pass.
struct JSONParser {
    /// Deeper documents are refused: reading is recursive, and the stack is not endless.
    static let depthLimit = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var depth = 0

    /// - Throws: `DecodingError.dataCorrupted` without a path.
    static func parse(_ data: Data) throws -> JSONValue {
        try data.withUnsafeBytes { raw in
            var parser = JSONParser(bytes: raw.bindMemory(to: UInt8.self))
            let value = try parser.value()
            parser.skipSpace()
            guard parser.index == parser.bytes.count else { throw parser.fault("something follows the value") }
            return value
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private func fault(_ reason: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "\(reason) at byte \(index)"))
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        index += 1
        return true
    }

    private mutating func word(_ text: StaticString) throws {
        for offset in 0..<text.utf8CodeUnitCount {
            guard take(text.utf8Start[offset]) else { throw fault("not a value") }
        }
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case .some(let byte) where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): return try number()
        default: throw fault("not a value")
        }
    }

    private mutating func object() throws -> JSONValue {
        try enter()
        var members: [String: JSONValue] = [:]
        skipSpace()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                guard current == UInt8(ascii: "\"") else { throw fault("a name is missing") }
                let name = try string()
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw fault("a colon is missing") }
                members[name] = try value()
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw fault("an object has no end") }
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array() throws -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        skipSpace()
        if !take(UInt8(ascii: "]")) {
            repeat {
                elements.append(try value())
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw fault("a list has no end") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func enter() throws {
        index += 1
        depth += 1
        guard depth <= Self.depthLimit else { throw fault("nested too deeply") }
    }

    private mutating func string() throws -> String {
        index += 1
        let start = index
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        guard current == UInt8(ascii: "\\") else {
            let text = try text(start..<index)
            guard take(UInt8(ascii: "\"")) else { throw fault("a text has no end") }
            return text
        }
        var unescaped = Array(bytes[start..<index])
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault("a control character in a text") }
            index += 1
            if byte == UInt8(ascii: "\\") { try escape(into: &unescaped) } else { unescaped.append(byte) }
        }
        guard take(UInt8(ascii: "\"")) else { throw fault("a text has no end") }
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw fault("not UTF-8") }
        return text
    }

    private func text(_ range: Range<Int>) throws -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw fault("not UTF-8") }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        guard let byte = current else { throw fault("a text has no end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try codeUnit())
            if (0xD800..<0xDC00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw fault("a lone surrogate") }
                let low = UInt32(try codeUnit())
                guard (0xDC00..<0xE000).contains(low) else { throw fault("a lone surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("a lone surrogate") }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw fault("an unknown escape")
        }
    }

    private mutating func codeUnit() throws -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("four hexadecimal digits are missing")
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }

    private mutating func number() throws -> JSONValue {
        let start = index
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if let byte = current, byte | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            index += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .int(whole) }
        guard let number = Double(text), number.isFinite else { throw fault("a number out of range") }
        // `1.0` is the number 1.
        if abs(number) < 9_007_199_254_740_992, let whole = Int64(exactly: number) { return .int(whole) }
        return .double(number)
    }

    private mutating func digits() throws {
        let start = index
        while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
        guard index > start else { throw fault("a digit is missing") }
    }
}
