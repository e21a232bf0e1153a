/// The id of a request: the client's, where it is short and plain, or a new UUID of version 7.
enum RequestIdentifier {
    /// Whether a client's id is taken over: it goes into logs and headers, so it has no say in their form.
    static func isAcceptable(_ text: UnsafeRawBufferPointer) -> Bool {
        guard (8...64).contains(text.count) else { return false }
        return text.allSatisfy { byte in
            ByteClass.isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
    }

    /// A new id, 36 characters.
    static func make(wall: Int64, random: inout RandomBits) -> [UInt8] {
        let high = UInt64(wall) << 16 | 0x7000 | (random.next() & 0xFFF)
        let low = (random.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return [UInt8](unsafeUninitializedCapacity: 36) { buffer, count in
            var position = 0
            for (word, digits) in [(high, 16), (low, 16)] {
                for index in 0..<digits {
                    if position == 8 || position == 13 || position == 18 || position == 23 {
                        buffer[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index)) & 15
                    buffer[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
                    position += 1
                }
            }
            count = 36
        }
    }
}
