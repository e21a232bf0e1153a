import Glibc

/// An IP address, to tell public ones from those that must not be reachable from outside.
struct IPAddress: Sendable, Equatable {
    /// 4 or 16 bytes in network order.
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a literal, also one of IPv6 in brackets. The old forms of IPv4 with fewer parts are read as the C library
    /// does: what it would call must be what was judged.
    init?(_ text: String) {
        let plain = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var four = in_addr()
        if inet_aton(plain, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, plain, &six) == 1 else { return nil }
        bytes = withUnsafeBytes(of: six) { Array($0) }
    }

    /// Whether the address is one of the public Internet (IANA's special-purpose registries).
    var isPublic: Bool {
        bytes.count == 4 ? Self.isPublic(four: bytes) : Self.isPublic(six: bytes)
    }

    private static func isPublic(four bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (224...255, _, _): false
        case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _): false
        case (192, 0, 0), (192, 0, 2), (198, 18...19, _), (198, 51, 100), (203, 0, 113), (192, 88, 99): false
        default: true
        }
    }

    private static func isPublic(six bytes: [UInt8]) -> Bool {
        // An IPv4 address inside (mapped, translated, 6to4, Teredo) is as public as that one.
        if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            return isPublic(four: Array(bytes[12...]))
        }
        if bytes[0..<12] == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] {
            return isPublic(four: Array(bytes[12...]))
        }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return isPublic(four: Array(bytes[2..<6])) }
        // Only 2000::/3 is given out; of it, documentation, Teredo and benchmarking are not public.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01 {
            if bytes[2] == 0x0D && bytes[3] == 0xB8 { return false }
            if bytes[2] < 0x02 { return false }
        }
        return !(bytes[0] == 0x3F && bytes[1] == 0xFF)
    }
}
