public import FoundationEssentials
internal import Glibc
internal import Synchronization

extension UUID {
    /// A new identifier of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then a counter, then random bits.
    ///
    /// Identifiers made by one process are strictly increasing, also within a millisecond and when the clock steps back.
    public static func v7() -> UUID {
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let (milliseconds, counter) = clock.withLock { state -> (UInt64, UInt16) in
            if now > state.milliseconds {
                state = (now, UInt16.random(in: 0..<0x400))
            } else if state.counter < 0xFFF {
                state.counter += 1
            } else {
                state = (state.milliseconds + 1, 0)
            }
            return state
        }
        return UUID(milliseconds: milliseconds, high: counter, low: UInt64.random(in: 0...UInt64.max))
    }

    /// The time in a version 7 identifier; `nil` for other versions.
    public var v7Time: Date? {
        guard uuid.6 >> 4 == 7 else { return nil }
        let bytes = [uuid.0, uuid.1, uuid.2, uuid.3, uuid.4, uuid.5]
        let milliseconds = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// The identifier as it stands in JSON, URLs and SQL: lower case.
    public var text: String { uuidString.lowercased() }

    /// An identifier that is the same for the same name (version 8, RFC 9562 §5.8, over FNV-1a of 128 bits): for work
    /// that may be done again and must then find what it made before. Not secret and not for untrusted names.
    public static func derived(from namespace: UUID, _ name: String) -> UUID {
        var high: UInt64 = 0xcbf2_9ce4_8422_2325
        var low: UInt64 = 0x8422_2325_cbf2_9ce4
        for byte in Array(namespace.text.utf8) + [0x2f] + Array(name.utf8) {
            high = (high ^ UInt64(byte)) &* 0x100_0000_01b3
            low = (low ^ UInt64(byte) ^ (high >> 32)) &* 0x100_0000_01b3
        }
        return UUID(parts: (high & ~0xF000) | 0x8000, (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    private init(milliseconds: UInt64, high: UInt16, low: UInt64) {
        self.init(
            parts: milliseconds << 16 | 0x7000 | UInt64(high),
            (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    private init(parts high: UInt64, _ low: UInt64) {
        func byte(_ value: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: value >> (56 - 8 * index)) }
        self.init(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
                byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5),
                byte(low, 6), byte(low, 7)
            ))
    }
}

private let clock = Mutex<(milliseconds: UInt64, counter: UInt16)>((0, 0))
