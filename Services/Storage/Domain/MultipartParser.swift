import FoundationEssentials

/// `multipart/form-data` (RFC 7578), bytes in, parts out, as a value. Memory is bounded by the delimiter's length and the
/// limit of a part's head.
struct MultipartParser {
    enum Event: Equatable {
        case part(name: String, filename: String?)
        case data(Data)
        case end
    }

    struct Malformed: Error, Equatable {
        let reason: String
        var isTooMuch = false
    }

    private enum State { case preamble, head, body, done }

    private let delimiter: [UInt8]
    private var buffer: [UInt8] = []
    private var state = State.preamble
    private var parts = 0
    private static let headLimit = 8 << 10
    private static let partLimit = 64

    /// - Parameter contentType: the value of `Content-Type`; `nil` where it has no usable boundary.
    init?(contentType: String) {
        guard let range = contentType.range(ofParameter: "boundary"), (1...70).contains(contentType[range].utf8.count)
        else { return nil }
        delimiter = Array("\r\n--\(contentType[range])".utf8)
        // The first delimiter has no line before it.
        buffer = [0x0D, 0x0A]
    }

    var isDone: Bool { state == .done }

    mutating func feed(_ data: Data) throws(Malformed) -> [Event] {
        guard state != .done else { return [] }
        buffer += data
        var events: [Event] = []
        while true {
            switch state {
            case .preamble:
                guard let at = buffer.firstIndex(of: delimiter) else {
                    if buffer.count > Self.headLimit { throw Malformed(reason: "has no boundary") }
                    return events
                }
                buffer.removeFirst(at + delimiter.count)
                state = .head
            case .head:
                guard try head(&events) else { return events }
            case .body:
                guard let at = buffer.firstIndex(of: delimiter) else {
                    // A delimiter may have begun at the end.
                    let safe = buffer.count - delimiter.count
                    if safe > 0 {
                        events.append(.data(Data(buffer[..<safe])))
                        buffer.removeFirst(safe)
                    }
                    return events
                }
                if at > 0 { events.append(.data(Data(buffer[..<at]))) }
                buffer.removeFirst(at + delimiter.count)
                state = .head
            case .done: return events
            }
        }
    }

    /// Reads the head of a part, or the last delimiter.
    /// - Returns: false where more bytes are needed.
    private mutating func head(_ events: inout [Event]) throws(Malformed) -> Bool {
        guard buffer.count >= 2 else { return false }
        if buffer.starts(with: Array("--".utf8)) {
            events.append(.end)
            state = .done
            return true
        }
        guard let end = buffer.firstIndex(of: Array("\r\n\r\n".utf8)) else {
            if buffer.count > Self.headLimit { throw Malformed(reason: "has a part whose head is too long") }
            return false
        }
        guard end <= Self.headLimit else { throw Malformed(reason: "has a part whose head is too long") }
        parts += 1
        if parts > Self.partLimit { throw Malformed(reason: "has too many parts", isTooMuch: true) }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let line = lines.first(where: { $0.lowercased().hasPrefix("content-disposition:") }).map(String.init),
            let name = line.range(ofParameter: "name").map({ String(line[$0]) })
        else { throw Malformed(reason: "has a part without a name") }
        events.append(.part(name: name, filename: line.range(ofParameter: "filename").map { String(line[$0]) }))
        buffer.removeFirst(end + 4)
        state = .body
        return true
    }
}

extension String {
    /// Where the value of a parameter stands, without its quotes.
    fileprivate func range(ofParameter name: String) -> Range<Index>? {
        var rest = self[...]
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[index(after: semicolon)...]
            let item = rest.drop { $0 == " " }
            guard let equals = item.firstIndex(of: "=") else { continue }
            guard item[..<equals].lowercased() == name else { continue }
            let value = item[item.index(after: equals)...]
            if value.first == "\"" {
                let inner = value.dropFirst()
                guard let end = inner.firstIndex(of: "\"") else { return nil }
                return inner.startIndex..<end
            }
            let end = value.firstIndex { $0 == ";" || $0 == " " } ?? value.endIndex
            return value.startIndex..<end
        }
        return nil
    }
}

extension [UInt8] {
    /// Where a sequence of bytes begins first.
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard let first = part.first, count >= part.count else { return nil }
        var start = 0
        while start <= count - part.count, let at = self[start...(count - part.count)].firstIndex(of: first) {
            if self[at...].starts(with: part) { return at }
            start = at + 1
        }
        return nil
    }
}
