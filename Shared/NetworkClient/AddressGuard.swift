internal import CCurl
internal import Glibc

/// Refuses connections to this machine and to private networks, after names were resolved: for URLs that a client gave.
enum AddressGuard {
    static func install(on handle: EasyHandle) {
        atelier_curl_open_socket(handle.pointer) { family, type, protocolNumber, address in
            guard let address, AddressGuard.isPublic(address) else { return -1 }
            return socket(family, type | Int32(SOCK_CLOEXEC.rawValue), protocolNumber)
        }
    }

    static func isPublic(_ address: UnsafePointer<sockaddr>) -> Bool {
        switch Int32(atelier_curl_family(address)) {
        case AF_INET:
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                isPublic(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                isPublic(v6: withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) })
            }
        default: return false
        }
    }

    /// IANA's special-purpose registry (RFC 6890) for IPv4.
    static func isPublic(v4 address: UInt32) -> Bool {
        let blocked: [(UInt32, Int)] = [
            (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
            (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC0A8_0000, 16), (0xC612_0000, 15),
            (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 3),
        ]
        return !blocked.contains { base, bits in address >> (32 - bits) == base >> (32 - bits) }
    }

    /// Global unicast only, without mapped, translated and documentation addresses.
    static func isPublic(v6 bytes: [UInt8]) -> Bool {
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            || bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        {
            return isPublic(v4: bytes.suffix(4).reduce(0) { $0 << 8 | UInt32($1) })
        }
        return bytes[0] & 0xE0 == 0x20 && !bytes.starts(with: [0x20, 0x01, 0x0D, 0xB8])
            && !bytes.starts(with: [0x20, 0x02])
    }
}
