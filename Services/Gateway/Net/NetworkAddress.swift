internal import CSystem
internal import Glibc

/// An IP address: 16 bytes, IPv4 in its mapped form.
struct NetworkAddress: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(bytes: UnsafePointer<UInt8>) {
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[start + $1]) }
        }
        self.init(high: word(0), low: word(8))
    }

    /// Reads an address in text form.
    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes: bytes)
            return
        }
        bytes[10] = 0xFF
        bytes[11] = 0xFF
        let isV4 = bytes.withUnsafeMutableBytes { inet_pton(AF_INET, text, $0.baseAddress.map { $0 + 12 }) == 1 }
        guard isV4 else { return nil }
        self.init(bytes: bytes)
    }

    var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What counts as one client: an IPv4 address, or the 64-bit network of an IPv6 address.
    var client: NetworkAddress { isV4 ? self : NetworkAddress(high: high, low: 0) }

    /// The address in text form.
    var text: String {
        if isV4 {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        var bytes = [UInt8]()
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        var buffer = [CChar](repeating: 0, count: 46)
        guard inet_ntop(AF_INET6, bytes, &buffer, 46) != nil else { return "::" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
