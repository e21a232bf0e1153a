/// Reads the head of a request (RFC 9112), strictly: whatever two readers could understand in two ways is refused.
///
/// A value-type state machine; see ``FieldParser`` for the buffer it reads from.
struct RequestParser {
    enum Progress: Equatable {
        case needsMore
        /// The head is read; its length in bytes, with what stood before it.
        case complete(length: Int)
    }

    private enum State { case requestLine, fields, done }

    private(set) var methodName = ByteRange.empty
    /// The method; `nil` where it is a token that is not known.
    private(set) var method: RequestMethod?
    /// The request target in origin form: path and query.
    private(set) var target = ByteRange.empty
    /// The path within the target.
    private(set) var path = ByteRange.empty
    /// Whether the version is HTTP/1.1, and not HTTP/1.0.
    private(set) var isVersion11 = true
    private(set) var framing = BodyFraming.none
    /// The index of each of these fields, where there is one.
    private(set) var host: Int?
    private(set) var authorization: Int?
    private(set) var expectsContinue = false
    /// Whether the connection may be used again afterwards.
    private(set) var keepsAlive = true
    /// Whether the sender asks to change to WebSocket.
    private(set) var wantsWebSocket = false
    /// Whether a field `Connection` names fields to be dropped.
    private(set) var connectionNamesFields = false
    /// Whether `Authorization` stands more than once.
    private(set) var authorizationIsRepeated = false

    private var state = State.requestLine
    private var lines: FieldParser
    private let limits: HTTPLimits

    init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        lines = FieldParser(limits: limits)
    }

    var fields: [FieldLine] { lines.fields }
    /// Whether something of a request has arrived.
    var hasBegun: Bool { state != .requestLine || lines.position > 0 }

    /// Begins again with another head.
    mutating func reset() {
        lines.reset()
        (methodName, method, target, path) = (.empty, nil, .empty, .empty)
        (isVersion11, framing, host, authorization, expectsContinue) = (true, .none, nil, nil, false)
        (keepsAlive, wantsWebSocket, connectionNamesFields, authorizationIsRepeated) = (true, false, false, false)
        state = .requestLine
    }

    /// Reads on. `bytes` begin where the head begins, and hold at least what was given before.
    mutating func advance(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Progress {
        while state == .requestLine {
            switch lines.nextLine(bytes, longest: limits.target + 32, tooLong: .targetTooLong) {
            case .needsMore: return .needsMore
            case .refused(let refusal): throw refusal
            case .line(let line):
                // One empty line before a request is forgiven (RFC 9112 §2.2).
                if line.isEmpty, line.start == 0 { continue }
                try readRequestLine(line, bytes)
                state = .fields
            }
        }
        if state == .fields {
            guard try lines.readFields(bytes) else { return .needsMore }
            try interpret(bytes)
            state = .done
        }
        return .complete(length: lines.position)
    }

    private mutating func readRequestLine(_ line: ByteRange, _ bytes: UnsafeRawBufferPointer) throws(Refusal) {
        let (start, end) = (Int(line.start), Int(line.end))
        var index = start
        while index < end, ByteClass.isToken(bytes[index]) { index += 1 }
        guard index > start, index < end, bytes[index] == 0x20 else { throw .malformedRequestLine }
        methodName = ByteRange(start, index)
        let targetStart = index + 1
        index = targetStart
        while index < end, bytes[index] != 0x20 { index += 1 }
        guard index < end, index > targetStart else { throw .malformedRequestLine }
        try readVersion(UnsafeRawBufferPointer(rebasing: bytes[index + 1..<end]))
        guard index - targetStart <= limits.target else { throw .targetTooLong }
        method = RequestMethod(methodName.of(bytes))
        target = ByteRange(targetStart, index)
    }

    private mutating func readVersion(_ version: UnsafeRawBufferPointer) throws(Refusal) {
        guard version.count == 8, version.hasPrefix("HTTP/"), ByteClass.isDigit(version[5]),
            version[6] == UInt8(ascii: "."), ByteClass.isDigit(version[7])
        else { throw .malformedRequestLine }
        guard version[5] == UInt8(ascii: "1"), version[7] <= UInt8(ascii: "1") else { throw .versionNotSupported }
        isVersion11 = version[7] == UInt8(ascii: "1")
    }

    /// Finds out what the fields say together: length, host, connection.
    private mutating func interpret(_ bytes: UnsafeRawBufferPointer) throws(Refusal) {
        var length: Int64?
        var isChunked = false
        var closes = !isVersion11
        var upgrades = false
        for (index, field) in lines.fields.enumerated() {
            let value = field.value
            switch field.known {
            case .host:
                guard host == nil else { throw .hostRepeated }
                guard Authority.isValid(value.of(bytes)) else { throw .hostInvalid }
                host = index
            case .contentLength:
                guard length == nil else { throw .lengthRepeated }
                guard let number = BodyFraming.length(in: value.of(bytes)) else { throw .lengthInvalid }
                length = number
            case .transferEncoding:
                guard !isChunked else { throw .codingRepeated }
                guard value.of(bytes).equalsIgnoringCase("chunked") else { throw .codingUnknown }
                isChunked = true
            case .connection:
                ListItems.forEach(in: value.of(bytes)) { item in
                    if item.equalsIgnoringCase("close") {
                        closes = true
                    } else if item.equalsIgnoringCase("keep-alive") {
                        if !isVersion11 { closes = false }
                    } else if item.equalsIgnoringCase("upgrade") {
                        upgrades = true
                    } else {
                        connectionNamesFields = true
                    }
                }
            case .upgrade:
                if value.of(bytes).equalsIgnoringCase("websocket") { wantsWebSocket = true }
            case .expect:
                guard value.of(bytes).equalsIgnoringCase("100-continue") else { throw .expectationUnknown }
                expectsContinue = isVersion11
            case .authorization:
                if authorization != nil { authorizationIsRepeated = true }
                authorization = index
            default: break
            }
        }
        if isChunked {
            guard length == nil else { throw .lengthAndCoding }
            guard isVersion11 else { throw .codingInOldVersion }
            framing = .chunked
        } else if let length, length > 0 {
            framing = .length(length)
        }
        guard host != nil || !isVersion11 else { throw .hostMissing }
        keepsAlive = !closes
        wantsWebSocket = wantsWebSocket && upgrades && isVersion11 && method == .get && framing == .none
        if framing == .none { expectsContinue = false }
        try RequestTarget.check(&target, path: &path, host: host.map { lines.fields[$0].value }, bytes, method)
    }
}
