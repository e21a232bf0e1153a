/// The W3C trace context of a request at the door: the client's trace goes on where it is well formed, else a new one
/// begins. Either way the gateway is a span of its own.
struct TraceContext: Sendable, Equatable {
    var traceHigh: UInt64
    var traceLow: UInt64
    /// The gateway's span.
    var span: UInt64
    /// The client's span; 0 where the trace begins here.
    var parent: UInt64 = 0
    var isSampled = true

    /// The longest `tracestate` that is passed on (the least that the standard wants everybody to keep).
    static let longestState = 512

    /// A new trace.
    init(random: inout RandomBits) {
        traceHigh = random.nonZero()
        traceLow = random.next()
        span = random.nonZero()
    }

    /// Goes on with the trace that a client's `traceparent` names; `nil` where it is malformed.
    init?(traceparent text: UnsafeRawBufferPointer, random: inout RandomBits) {
        guard text.count >= 55, text.count <= 256, text[2] == 0x2D, text[35] == 0x2D, text[52] == 0x2D,
            let version = Self.hex(text, 0, 2), version != 0xFF,
            text.count == 55 || (version > 0 && text[55] == 0x2D),
            let high = Self.hex(text, 3, 16), let low = Self.hex(text, 19, 16), high | low != 0,
            let parent = Self.hex(text, 36, 16), parent != 0, let flags = Self.hex(text, 53, 2)
        else { return nil }
        (traceHigh, traceLow, self.parent, isSampled) = (high, low, parent, flags & 1 == 1)
        span = random.nonZero()
    }

    private static func hex(_ text: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in start..<start + count {
            // Upper case is malformed here.
            guard text[index] < 0x41 || text[index] > 0x5A, let digit = ByteClass.hex(text[index]) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}

extension ByteQueue {
    /// Appends the 32 digits of a trace's id.
    mutating func append(traceID trace: TraceContext) {
        append(hex: trace.traceHigh, digits: 16)
        append(hex: trace.traceLow, digits: 16)
    }

    /// Appends the value of `traceparent` for those that are called.
    mutating func append(traceparent trace: TraceContext) {
        append("00-")
        append(traceID: trace)
        append(byte: UInt8(ascii: "-"))
        append(hex: trace.span, digits: 16)
        append(trace.isSampled ? "-01" : "-00")
    }
}
