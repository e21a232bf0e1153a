internal import Glibc

/// Finds the lines of a message head and reads its field lines, as RFC 9112 §2.2 and §5 want them and nothing else.
///
/// A state machine over a buffer that the caller keeps: more bytes may come at its end, and it may move between calls.
/// What was looked at is not looked at again.
struct FieldParser {
    /// What a call found.
    enum Line {
        case needsMore
        /// A line without its CR LF.
        case line(ByteRange)
        case refused(Refusal)
    }

    private(set) var fields: [FieldLine] = []
    /// Where the next line begins.
    private(set) var position = 0
    private var scanned = 0
    private let limits: HTTPLimits

    init(limits: HTTPLimits) {
        self.limits = limits
        fields.reserveCapacity(24)
    }

    /// Begins again with another head.
    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        position = 0
        scanned = 0
    }

    /// The next line.
    /// - Parameters:
    ///   - longest: the longest line that is taken, without its end.
    ///   - tooLong: what a longer one is answered with.
    mutating func nextLine(_ bytes: UnsafeRawBufferPointer, longest: Int, tooLong: Refusal) -> Line {
        guard let base = bytes.baseAddress, scanned < bytes.count,
            let found = memchr(base + scanned, 0x0A, bytes.count - scanned)
        else {
            scanned = bytes.count
            if bytes.count - position > longest + 2 { return .refused(tooLong) }
            return bytes.count > limits.head ? .refused(.headTooLarge) : .needsMore
        }
        let end = UnsafeRawPointer(found) - base
        guard end < limits.head else { return .refused(.headTooLarge) }
        guard end > position, bytes[end - 1] == 0x0D else { return .refused(.bareLineFeed) }
        let line = ByteRange(position, end - 1)
        guard line.count <= longest else { return .refused(tooLong) }
        position = end + 1
        scanned = position
        return .line(line)
    }

    /// Reads field lines up to the empty line that ends them.
    /// - Returns: whether the end was reached.
    mutating func readFields(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Bool {
        while true {
            // A long `tracestate` is no reason to turn a person away: it is dropped later, the whole head stays bounded.
            switch nextLine(bytes, longest: longestLine(bytes), tooLong: .fieldTooLarge) {
            case .needsMore: return false
            case .refused(let refusal): throw refusal
            case .line(let line):
                if line.isEmpty { return true }
                guard fields.count < limits.fields else { throw .tooManyFields }
                fields.append(try Self.field(line, bytes))
            }
        }
    }

    private func longestLine(_ bytes: UnsafeRawBufferPointer) -> Int {
        let name: StaticString = "tracestate:"
        guard bytes.count - position >= name.utf8CodeUnitCount,
            UnsafeRawBufferPointer(rebasing: bytes[position..<position + name.utf8CodeUnitCount])
                .equalsIgnoringCase(name)
        else { return limits.fieldLine }
        return limits.head
    }

    /// Reads one field line.
    static func field(_ line: ByteRange, _ bytes: UnsafeRawBufferPointer) throws(Refusal) -> FieldLine {
        let (start, end) = (Int(line.start), Int(line.end))
        if bytes[start] == 0x20 || bytes[start] == 0x09 { throw .foldedLine }
        var hash = FieldNameHash()
        var colon = start
        while colon < end, bytes[colon] != UInt8(ascii: ":") {
            let byte = bytes[colon]
            guard ByteClass.isToken(byte) else {
                throw byte == 0x20 || byte == 0x09 ? .spaceBeforeColon : .malformedField
            }
            hash.add(byte)
            colon += 1
        }
        guard colon < end, colon > start else { throw .malformedField }
        var (first, last) = (colon + 1, end)
        while first < last, bytes[first] == 0x20 || bytes[first] == 0x09 { first += 1 }
        while last > first, bytes[last - 1] == 0x20 || bytes[last - 1] == 0x09 { last -= 1 }
        for index in first..<last where !ByteClass.isValue(bytes[index]) {
            throw bytes[index] == 0x0D ? .bareCarriageReturn : .controlCharacter
        }
        let name = ByteRange(start, colon)
        return FieldLine(
            name: name, value: ByteRange(first, last), known: .identify(name.of(bytes), hash: hash.value))
    }
}
