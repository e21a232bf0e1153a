/// A part of a representation, in bytes.
public struct ByteRange: Sendable, Hashable {
    /// Bytes before the part.
    public let offset: Int64
    /// Bytes of the part.
    public let length: Int64

    /// A part as it stands; nothing is checked against a size.
    public init(offset: Int64, length: Int64) {
        self.offset = offset
        self.length = length
    }

    /// `bytes 0-9/100`.
    public func contentRange(of size: Int64) -> String { "bytes \(offset)-\(offset + length - 1)/\(size)" }

    /// What a `Range` field asks for (RFC 9110 §14.2).
    public enum Request: Sendable, Equatable {
        /// No range, one that is malformed or of another unit, or more than are served: all of it, as the RFC allows.
        case whole
        /// These bytes: 206.
        case part(ByteRange)
        /// Nothing of it exists: 416.
        case unsatisfiable
    }

    /// Reads `Range`. Several ranges that touch or overlap are one; several that do not are answered with all of it,
    /// so that a flood of ranges costs no more than one answer.
    public static func parse(_ field: String?, size: Int64) -> Request {
        guard let field, field.utf8.count <= 4096, let equals = field.firstIndex(of: "="),
            field[..<equals].equalsIgnoringCase("bytes")
        else { return .whole }
        var found: [ByteRange] = []
        var isAny = false
        for part in field[field.index(after: equals)...].split(separator: ",").map({ $0.trimmingBlanks() }) {
            guard !part.isEmpty else { continue }
            guard let dash = part.firstIndex(of: "-") else { return .whole }
            let first = part[..<dash].trimmingBlanks()
            let last = part[part.index(after: dash)...].trimmingBlanks()
            guard isDigits(first), isDigits(last), !(first.isEmpty && last.isEmpty) else { return .whole }
            isAny = true
            if first.isEmpty {
                let suffix = min(Int64(last) ?? .max, size)
                if suffix > 0 { found.append(ByteRange(offset: size - suffix, length: suffix)) }
                continue
            }
            let start = Int64(first) ?? .max
            let end = last.isEmpty ? size - 1 : min(Int64(last) ?? .max, size - 1)
            if !last.isEmpty, let rawEnd = Int64(last), rawEnd < start { return .whole }
            if start < size { found.append(ByteRange(offset: start, length: end - start + 1)) }
        }
        guard isAny else { return .whole }
        guard let merged = merge(found) else { return found.isEmpty ? .unsatisfiable : .whole }
        return .part(merged)
    }

    private static func isDigits(_ text: String) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// One range for all, where they leave no gap.
    private static func merge(_ ranges: [ByteRange]) -> ByteRange? {
        let sorted = ranges.sorted { $0.offset < $1.offset }
        guard let first = sorted.first else { return nil }
        var end = first.offset + first.length
        for range in sorted.dropFirst() {
            guard range.offset <= end else { return nil }
            end = max(end, range.offset + range.length)
        }
        return ByteRange(offset: first.offset, length: end - first.offset)
    }
}
