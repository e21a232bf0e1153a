/// The character classes of RFC 9110 §5.6 and RFC 3986.
enum ByteClass {
    /// `tchar`: what methods and field names are made of.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? tokenLow >> UInt64(byte) : tokenHigh >> UInt64(byte - 64)) & 1 == 1
    }

    /// What a field value may hold: visible characters, blanks, and bytes above ASCII (`obs-text`).
    @inline(__always)
    static func isValue(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7F) || byte == 0x09 }

    /// What a path or a query may hold (RFC 3986 `pchar`, `/`, `?`), and the few further characters that clients leave
    /// bare in queries. Not: blanks, controls, bytes above ASCII, `"<>\^{}|` and the backtick, `#`.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? targetLow >> UInt64(byte) : targetHigh >> UInt64(byte - 64)) & 1 == 1
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The value of a hexadecimal digit.
    @inline(__always)
    static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    // Bit n of a low word stands for character n, bit n of a high word for character 64 + n; a test spells them out.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    private static let targetLow: UInt64 = 0xAFFF_FFF2_0000_0000
    private static let targetHigh: UInt64 = 0x47FF_FFFE_AFFF_FFFF
}
