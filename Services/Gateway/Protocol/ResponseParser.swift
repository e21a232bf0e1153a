/// Reads the head of an upstream's answer (RFC 9112), as strictly as requests are read.
struct ResponseParser {
    private enum State { case statusLine, fields, done }

    private(set) var status = 0
    private(set) var framing = BodyFraming.none
    private(set) var keepsAlive = true
    private(set) var connectionNamesFields = false
    private var state = State.statusLine
    private var lines = FieldParser(limits: .upstream)

    var fields: [FieldLine] { lines.fields }
    var hasBegun: Bool { state != .statusLine || lines.position > 0 }

    /// Whether the content is a page of HTML.
    func isPage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        fields.contains { $0.known == .contentType && $0.value.of(bytes).hasPrefix("text/html") }
    }

    /// Begins again with another head.
    mutating func reset() {
        lines.reset()
        (status, framing, keepsAlive, connectionNamesFields, state) = (0, .none, true, false, .statusLine)
    }

    /// Reads on; see ``RequestParser/advance(_:)``.
    /// - Parameter isToHead: whether the request's method was HEAD, whose answers have no content.
    mutating func advance(
        _ bytes: UnsafeRawBufferPointer, isToHead: Bool
    ) throws(Refusal) -> RequestParser.Progress {
        if state == .statusLine {
            switch lines.nextLine(bytes, longest: 1024, tooLong: .malformedStatusLine) {
            case .needsMore: return .needsMore
            case .refused(let refusal): throw refusal
            case .line(let line):
                try readStatusLine(line.of(bytes))
                state = .fields
            }
        }
        if state == .fields {
            guard try lines.readFields(bytes) else { return .needsMore }
            try interpret(bytes, isToHead: isToHead)
            state = .done
        }
        return .complete(length: lines.position)
    }

    private mutating func readStatusLine(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        guard line.count >= 12, line.hasPrefix("HTTP/1."), line[7] == 0x30 || line[7] == 0x31, line[8] == 0x20,
            line[9...11].allSatisfy({ ByteClass.isDigit($0) }), line.count == 12 || line[12] == 0x20,
            line.allSatisfy({ ByteClass.isValue($0) })
        else { throw .malformedStatusLine }
        status = Int(line[9] - 0x30) * 100 + Int(line[10] - 0x30) * 10 + Int(line[11] - 0x30)
        guard (100...599).contains(status) else { throw .malformedStatusLine }
        keepsAlive = line[7] == 0x31
    }

    private mutating func interpret(_ bytes: UnsafeRawBufferPointer, isToHead: Bool) throws(Refusal) {
        var length: Int64?
        var isChunked = false
        for field in lines.fields {
            switch field.known {
            case .contentLength:
                guard let number = BodyFraming.length(in: field.value.of(bytes)), length == nil || length == number
                else { throw .lengthInvalid }
                length = number
            case .transferEncoding:
                guard !isChunked, field.value.of(bytes).equalsIgnoringCase("chunked") else { throw .codingUnknown }
                isChunked = true
            case .connection:
                ListItems.forEach(in: field.value.of(bytes)) { item in
                    if item.equalsIgnoringCase("close") {
                        keepsAlive = false
                    } else if item.equalsIgnoringCase("keep-alive") {
                        keepsAlive = true
                    } else if !item.equalsIgnoringCase("upgrade") {
                        connectionNamesFields = true
                    }
                }
            default: break
            }
        }
        if isChunked, length != nil { throw .lengthAndCoding }
        if isToHead || status < 200 || status == 204 || status == 304 {
            framing = .none
        } else if isChunked {
            framing = .chunked
        } else if let length {
            framing = length > 0 ? .length(length) : .none
        } else {
            framing = .untilClose
            keepsAlive = false
        }
    }
}
