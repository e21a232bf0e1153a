/// Reads the chunked coding (RFC 9112 §7.1), strictly: every line ends in CR LF, sizes are plain hexadecimal, chunk
/// extensions and trailers are checked, bounded and read over.
struct ChunkDecoder {
    /// What the next bytes are.
    enum Step: Equatable {
        /// Bytes of framing were used up; ask again.
        case skip(Int)
        /// So many bytes of content stand next.
        case content(Int)
        /// The message ends after so many bytes of framing.
        case end(Int)
        case needsMore
    }

    private enum State {
        case size(digits: Int)
        case extensions(length: Int)
        case sizeEnd
        case content
        case contentEnd
        case contentEndLine
        case trailerStart
        case trailer
        case trailerLineEnd
        case lastLineEnd
        case done
    }

    private var state = State.size(digits: 0)
    private var remaining: Int64 = 0
    private var trailerLength = 0
    private var trailerHasColon = false
    private let limits: HTTPLimits

    init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Looks at the next bytes, which the caller then takes away as the step says.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Step {
        var used = 0
        while used < bytes.count {
            if case .content = state {
                if used > 0 { return .skip(used) }
                let count = Int(min(remaining, Int64(bytes.count)))
                remaining -= Int64(count)
                if remaining == 0 { state = .contentEnd }
                return .content(count)
            }
            try take(bytes[used])
            used += 1
            if case .done = state { return .end(used) }
        }
        return used > 0 ? .skip(used) : .needsMore
    }

    private mutating func take(_ byte: UInt8) throws(Refusal) {
        switch state {
        case .size(let digits):
            if let digit = ByteClass.hex(byte) {
                guard digits < 15 else { throw .chunkSizeInvalid }
                remaining = remaining << 4 | Int64(digit)
                state = .size(digits: digits + 1)
            } else {
                guard digits > 0 else { throw .chunkSizeInvalid }
                try endOfSize(byte)
            }
        case .extensions(let length):
            if byte == 0x0D {
                state = .sizeEnd
            } else {
                guard ByteClass.isValue(byte), length < limits.chunkExtension else { throw .chunkExtensionInvalid }
                state = .extensions(length: length + 1)
            }
        case .sizeEnd:
            guard byte == 0x0A else { throw .chunkSizeInvalid }
            state = remaining > 0 ? .content : .trailerStart
        case .content: break
        case .contentEnd:
            guard byte == 0x0D else { throw .chunkEndInvalid }
            state = .contentEndLine
        case .contentEndLine:
            guard byte == 0x0A else { throw .chunkEndInvalid }
            state = .size(digits: 0)
        case .trailerStart, .trailer, .trailerLineEnd: try takeTrailer(byte)
        case .lastLineEnd:
            guard byte == 0x0A else { throw .trailerInvalid }
            state = .done
        case .done: break
        }
    }

    /// After the digits of a size: blanks and an extension, or the end of the line.
    private mutating func endOfSize(_ byte: UInt8) throws(Refusal) {
        switch byte {
        case 0x0D: state = .sizeEnd
        case UInt8(ascii: ";"): state = .extensions(length: 0)
        // Blanks before an extension are old and bad (RFC 9112 §7.1.1): two readers may differ about them.
        default: throw .chunkSizeInvalid
        }
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(Refusal) {
        trailerLength += 1
        guard trailerLength <= limits.trailer else { throw .trailerTooLarge }
        switch state {
        case .trailerStart:
            if byte == 0x0D {
                state = .lastLineEnd
            } else {
                guard ByteClass.isToken(byte) else { throw .trailerInvalid }
                trailerHasColon = false
                state = .trailer
            }
        case .trailer:
            if byte == 0x0D {
                guard trailerHasColon else { throw .trailerInvalid }
                state = .trailerLineEnd
            } else if trailerHasColon {
                guard ByteClass.isValue(byte) else { throw .trailerInvalid }
            } else if byte == UInt8(ascii: ":") {
                trailerHasColon = true
            } else {
                guard ByteClass.isToken(byte) else { throw .trailerInvalid }
            }
        default:
            guard byte == 0x0A else { throw .trailerInvalid }
            state = .trailerStart
        }
    }
}
