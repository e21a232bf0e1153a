/// Checks a request target (RFC 9112 §3.2) and finds its path. What two readers could resolve to two paths is refused:
/// dot segments (also encoded), empty segments, backslashes, encoded controls, broken percent signs.
enum RequestTarget {
    /// - Parameters:
    ///   - target: narrowed to origin form where it came in absolute form.
    ///   - path: set to the path.
    static func check(
        _ target: inout ByteRange, path: inout ByteRange, host: ByteRange?, _ bytes: UnsafeRawBufferPointer,
        _ method: RequestMethod?
    ) throws(Refusal) {
        let text = target.of(bytes)
        if text.count == 1, text[0] == UInt8(ascii: "*"), method == .options {
            path = target
            return
        }
        if text[0] != UInt8(ascii: "/") { target = try originForm(target, host: host, bytes) }
        let (start, end) = (Int(target.start), Int(target.end))
        var index = start
        var segment = start + 1
        while index < end, bytes[index] != UInt8(ascii: "?") {
            let byte = bytes[index]
            if byte == UInt8(ascii: "/"), index > start {
                try checkSegment(UnsafeRawBufferPointer(rebasing: bytes[segment..<index]), isLast: false)
                segment = index + 1
            }
            try checkByte(bytes, index, end, inPath: true)
            index += 1
        }
        try checkSegment(UnsafeRawBufferPointer(rebasing: bytes[min(segment, index)..<index]), isLast: true)
        path = ByteRange(start, index)
        while index < end {
            try checkByte(bytes, index, end, inPath: false)
            index += 1
        }
    }

    /// From `http://host/path` to `/path`; the host must be that of `Host`.
    private static func originForm(
        _ target: ByteRange, host: ByteRange?, _ bytes: UnsafeRawBufferPointer
    ) throws(Refusal) -> ByteRange {
        let text = target.of(bytes)
        let scheme = text.hasPrefix("http://") ? 7 : text.hasPrefix("https://") ? 8 : 0
        guard scheme > 0, let host,
            let slash = text[scheme...].firstIndex(of: UInt8(ascii: "/")),
            ListItems.contains(
                UnsafeRawBufferPointer(rebasing: text[scheme..<slash]), in: host.of(bytes))
        else { throw .invalidTarget }
        return ByteRange(Int(target.start) + slash, Int(target.end))
    }

    private static func checkByte(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ end: Int, inPath: Bool
    ) throws(Refusal) {
        let byte = bytes[index]
        guard ByteClass.isTarget(byte) else { throw .invalidTarget }
        guard byte == UInt8(ascii: "%") else { return }
        guard index + 2 < end, let high = ByteClass.hex(bytes[index + 1]), let low = ByteClass.hex(bytes[index + 2])
        else { throw .invalidTarget }
        let value = high << 4 | low
        // Encoded controls and backslashes have no honest use in a path of ours; NUL has none anywhere.
        if value == 0 || (inPath && (value < 0x20 || value == 0x7F || value == UInt8(ascii: "\\"))) {
            throw .invalidTarget
        }
    }

    /// Refuses `.`, `..` and empty segments, with dots in either form.
    private static func checkSegment(_ segment: UnsafeRawBufferPointer, isLast: Bool) throws(Refusal) {
        if segment.isEmpty, !isLast { throw .invalidTarget }
        var dots = 0
        var index = 0
        while index < segment.count {
            if segment[index] == UInt8(ascii: ".") {
                index += 1
            } else if index + 2 < segment.count, segment[index] == UInt8(ascii: "%"),
                segment[index + 1] == UInt8(ascii: "2"), segment[index + 2] | 0x20 == UInt8(ascii: "e")
            {
                index += 3
            } else {
                return
            }
            dots += 1
        }
        if dots == 1 || dots == 2 { throw .invalidTarget }
    }
}
