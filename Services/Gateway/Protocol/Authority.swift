/// The value of `Host` (RFC 9110 §7.2): a name, an IPv4 or a bracketed IPv6 address, and perhaps a port.
enum Authority {
    static func isValid(_ value: UnsafeRawBufferPointer) -> Bool {
        guard !value.isEmpty, value.count <= 255 else { return false }
        var index = 0
        if value[0] == UInt8(ascii: "[") {
            guard let close = value.firstIndex(of: UInt8(ascii: "]")), close > 1 else { return false }
            for byte in value[1..<close]
            where ByteClass.hex(byte) == nil && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ".") {
                return false
            }
            index = close + 1
        } else {
            while index < value.count, value[index] != UInt8(ascii: ":") {
                let byte = value[index]
                let isLetter = (0x61...0x7A).contains(byte | 0x20)
                guard
                    isLetter || ByteClass.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                        || byte == UInt8(ascii: "_")
                else { return false }
                index += 1
            }
            guard index > 0 else { return false }
        }
        guard index < value.count else { return true }
        guard value[index] == UInt8(ascii: ":") else { return false }
        let port = value[(index + 1)...]
        return port.count <= 5 && port.allSatisfy { ByteClass.isDigit($0) }
    }
}
