/// A part of a message head, by offsets from the head's first byte: it stays true when the buffer moves.
struct ByteRange: Sendable, Equatable {
    var start: UInt32
    var end: UInt32

    init(_ start: Int, _ end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
    }

    static let empty = ByteRange(0, 0)

    var count: Int { Int(end - start) }
    var isEmpty: Bool { start == end }

    /// The bytes themselves.
    @inline(__always)
    func of(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are this ASCII text, whatever their case; `text` is in lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            var byte = self[index]
            if byte >= 0x41, byte <= 0x5A { byte |= 0x20 }
            if byte != text.utf8Start[index] { return false }
        }
        return true
    }

    /// Whether the bytes are exactly this text.
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && (count == 0 || memoryEquals(text.utf8Start, count))
    }

    /// Whether the bytes begin with this text.
    func hasPrefix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount
            && UnsafeRawBufferPointer(rebasing: self[..<text.utf8CodeUnitCount]).equals(text)
    }

    /// The same bytes without blanks at their ends.
    var trimmed: UnsafeRawBufferPointer {
        var (start, end) = (0, count)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    /// The bytes as text.
    var text: String { String(decoding: self, as: UTF8.self) }

    private func memoryEquals(_ other: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        for index in 0..<length where self[index] != other[index] { return false }
        return true
    }
}
