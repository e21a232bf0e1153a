import Testing

@testable import GatewayService

struct ChunkDecoderTests {
    private enum Outcome: Equatable {
        case content(String, rest: Int)
        case refused(String)
        case incomplete
    }

    private static func read(_ text: String, pieces: [Int] = []) -> Outcome {
        var decoder = ChunkDecoder()
        let bytes = Array(text.utf8)
        var content: [UInt8] = []
        var start = 0
        do {
            for cut in pieces.sorted() + [bytes.count] {
                let end = min(cut, bytes.count)
                while start < end {
                    let step = try bytes[start..<end].withUnsafeBytes { buffer throws(Refusal) in
                        try decoder.next(buffer)
                    }
                    switch step {
                    case .skip(let count): start += count
                    case .content(let count):
                        content += bytes[start..<start + count]
                        start += count
                    case .end(let count):
                        return .content(String(decoding: content, as: UTF8.self), rest: bytes.count - start - count)
                    case .needsMore: break
                    }
                }
            }
            return .incomplete
        } catch { return .refused((error as? Refusal)?.code ?? "?") }
    }

    private static let table: [(String, Outcome)] = [
        ("5\r\nhello\r\n0\r\n\r\n", .content("hello", rest: 0)),
        ("5;a=b\r\nhello\r\n000\r\n\r\nGET", .content("hello", rest: 3)),
        ("A\r\n0123456789\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n", .content("0123456789x", rest: 0)),
        ("0\r\n\r\n", .content("", rest: 0)),
        ("5\r\nhel", .incomplete),
        ("5\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("5\r\nhello\n0\r\n\r\n", .refused("chunk_end_invalid")),
        ("5\r\nhelloXX0\r\n\r\n", .refused("chunk_end_invalid")),
        ("5\r\nhello!\r\n0\r\n\r\n", .refused("chunk_end_invalid")),
        ("5;a\nb\r\nhello\r\n0\r\n\r\n", .refused("chunk_extension_invalid")),
        ("5;a\0\r\nhello\r\n0\r\n\r\n", .refused("chunk_extension_invalid")),
        ("5;a\rb\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("5 \r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        (" 5\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("0x5\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("-5\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("+5\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("\r\nhello\r\n0\r\n\r\n", .refused("chunk_size_invalid")),
        ("FFFFFFFFFFFFFFFFF\r\n", .refused("chunk_size_invalid")),
        ("5;" + String(repeating: "a", count: 300), .refused("chunk_extension_invalid")),
        ("0\r\nA b: c\r\n\r\n", .refused("trailer_invalid")),
        ("0\r\nA\r\n\r\n", .refused("trailer_invalid")),
        ("0\r\nA: b\n\r\n", .refused("trailer_invalid")),
        ("0\r\n\n", .refused("trailer_invalid")),
        ("0\r\nA: " + String(repeating: "a", count: 9000), .refused("trailer_too_large")),
    ]

    @Test("Chunks are read strictly")
    func table() {
        for (text, outcome) in Self.table { #expect(Self.read(text) == outcome, "\(text.debugDescription)") }
    }

    @Test("It makes no difference how the bytes arrive")
    func splits() {
        for (text, outcome) in Self.table {
            #expect(Self.read(text, pieces: Array(0..<text.utf8.count)) == outcome, "\(text.debugDescription)")
            for _ in 0..<20 {
                let cuts = (0..<3).map { _ in Int.random(in: 0...text.utf8.count) }
                #expect(Self.read(text, pieces: cuts) == outcome, "\(text.debugDescription) at \(cuts)")
            }
        }
    }
}
