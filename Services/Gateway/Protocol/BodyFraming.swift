/// How the end of a message's content is found (RFC 9112 §6).
enum BodyFraming: Sendable, Equatable {
    /// There is no content.
    case none
    /// So many bytes.
    case length(Int64)
    case chunked
    /// Until the connection ends; answers only.
    case untilClose

    /// Reads a value of `Content-Length`: digits alone, at most 18 of them.
    static func length(in value: UnsafeRawBufferPointer) -> Int64? {
        guard (1...18).contains(value.count) else { return nil }
        var number: Int64 = 0
        for byte in value {
            guard ByteClass.isDigit(byte) else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        return number
    }
}
