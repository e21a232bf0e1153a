import Testing

@testable import GatewayService

struct RequestParserTests {
    /// What a head comes to.
    private enum Outcome: Equatable {
        case refused(String)
        case taken(BodyFraming)
        case incomplete
    }

    /// Reads a head that arrives in pieces that end at `cuts`.
    private static func read(_ text: String, cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var parser = RequestParser(limits: limits)
        let bytes = Array(text.utf8)
        do {
            for cut in cuts.sorted() + [bytes.count] {
                // Each time in another place, as when a buffer grows.
                let piece = Array(bytes[..<min(cut, bytes.count)])
                let progress = try piece.withUnsafeBytes { buffer throws(Refusal) in try parser.advance(buffer) }
                if case .complete = progress { return .taken(parser.framing) }
            }
            return .incomplete
        } catch { return .refused((error as? Refusal)?.code ?? "?") }
    }

    private static let refusals: [(String, String)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "length_and_coding"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "length_and_coding"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "length_repeated"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "length_repeated"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 3\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "length_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "coding_unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "coding_unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "coding_unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", "coding_unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "coding_unknown"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", "coding_repeated"),
        ("GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "coding_in_old_version"),
        ("GET / HTTP/1.1\r\n\r\n", "host_missing"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "host_repeated"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "host_repeated"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "host_invalid"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "host_invalid"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "host_invalid"),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "host_invalid"),
        ("GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", "host_invalid"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "control_character"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{01}b\r\n\r\n", "control_character"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}b\r\n\r\n", "control_character"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "bare_carriage_return"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "folded_line"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", "folded_line"),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "folded_line"),
        ("GET / HTTP/1.1\nHost: a\n\n", "bare_line_feed"),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "bare_line_feed"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\n", "bare_line_feed"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "space_before_colon"),
        ("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", "space_before_colon"),
        ("GET / HTTP/1.1\r\n: a\r\n\r\n", "malformed_field"),
        ("GET / HTTP/1.1\r\nHost\r\n\r\n", "malformed_field"),
        ("GET / HTTP/1.1\r\nHöst: a\r\n\r\n", "malformed_field"),
        ("GET / HTTP/1.1\r\nX\0: a\r\nHost: a\r\n\r\n", "malformed_field"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("GET /\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "malformed_request_line"),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed_request_line"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version_not_supported"),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "version_not_supported"),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "version_not_supported"),
        ("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a%5Cb HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a% HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a?b=%0 HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a/.%2e HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /./a HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET //a HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET /ä HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_target"),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", "expectation_unknown"),
        ("GET /" + String(repeating: "a", count: 8192) + " HTTP/1.1\r\nHost: a\r\n\r\n", "target_too_long"),
        ("GET /" + String(repeating: "a", count: 9000), "target_too_long"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 9000) + "\r\n\r\n", "field_too_large"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 9000), "field_too_large"),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 100) + "\r\n", "too_many_fields"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n"
                + String(repeating: "X: \(String(repeating: "a", count: 4000))\r\n", count: 9),
            "head_too_large"
        ),
    ]

    private static let accepted: [(String, BodyFraming)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .none),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .none),
        ("GET / HTTP/1.0\r\n\r\n", .none),
        ("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", .none),
        ("GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", .none),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .none),
        ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", .none),
        ("POST /a HTTP/1.1\r\nHost:a\r\nContent-Length: 0\r\n\r\n", .none),
        ("POST /a HTTP/1.1\r\nHost: \t a \t \r\nContent-Length: 12\r\n\r\n", .length(12)),
        ("POST /a HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: Chunked\r\n\r\n", .chunked),
        ("GET /a%20b%2Fc?q=%F0%9F%8E%AC&r[]=1 HTTP/1.1\r\nHost: a\r\nX: \u{E9}t\u{E9}\r\n\r\n", .none),
        ("GET /a HTTP/1.1\r\nHost: a\r\nTraceState: " + String(repeating: "a", count: 10_000) + "\r\n\r\n", .none),
        ("GET /...a/.b HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 99) + "\r\n", .none),
    ]

    @Test("What two readers could understand in two ways is refused", arguments: refusals)
    func refuses(head: String, code: String) { #expect(Self.read(head) == .refused(code)) }

    @Test("What RFC 9112 allows is taken", arguments: accepted)
    func accepts(head: String, framing: BodyFraming) { #expect(Self.read(head) == .taken(framing)) }

    @Test("It makes no difference how the bytes arrive")
    func splits() {
        var random = SystemRandomNumberGenerator()
        for head in Self.refusals.map(\.0) + Self.accepted.map(\.0) {
            let whole = Self.read(head)
            let length = head.utf8.count
            for _ in 0..<20 {
                let cuts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Int.random(in: 0...length, using: &random)
                }
                #expect(Self.read(head, cuts: cuts) == whole, "\(head.debugDescription.prefix(80)) at \(cuts)")
            }
        }
        let plain = Self.accepted[0].0
        #expect(Self.read(plain, cuts: Array(0..<plain.utf8.count)) == .taken(.none))
    }

    @Test("Random bytes and mutated heads never trap, and never read past the end")
    func fuzz() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var bytes = Array((Self.accepted.randomElement(using: &random)?.0 ?? "").utf8)
            for _ in 0..<Int.random(in: 1...5, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert([0x0D, 0x0A, 0x20, 0x3A, 0x00].randomElement(using: &random) ?? 0, at: index)
                }
            }
            var parser = RequestParser()
            bytes.withUnsafeBytes { buffer in
                guard case .complete(let length) = try? parser.advance(buffer) else { return }
                #expect(length <= buffer.count)
                for field in parser.fields { #expect(Int(field.value.end) <= length) }
            }
        }
    }

    @Test("The connection's options are understood")
    func connection() throws {
        func parse(_ text: String) throws -> RequestParser {
            var parser = RequestParser()
            _ = try Array(text.utf8).withUnsafeBytes { try parser.advance($0) }
            return parser
        }
        #expect(try parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keepsAlive)
        #expect(try !parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keepsAlive)
        #expect(try !parse("GET / HTTP/1.0\r\nHost: a\r\n\r\n").keepsAlive)
        #expect(try parse("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keepsAlive)
        let upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(try parse("GET / HTTP/1.1\r\n\(upgrade)").wantsWebSocket)
        #expect(try !parse("POST / HTTP/1.1\r\n\(upgrade)").wantsWebSocket)
        #expect(try !parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").wantsWebSocket)
        #expect(try !parse("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").wantsWebSocket)
    }

    @Test("The character classes are those of the standards")
    func classes() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let tokens = Set((letters + "!#$%&'*+-.^_`|~").utf8)
        let targets = Set((letters + "-._~!$&'()*+,;=:@/?%[]").utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(ByteClass.isToken(byte) == tokens.contains(byte))
            #expect(ByteClass.isTarget(byte) == targets.contains(byte))
        }
    }

    @Test("Names by which somebody could pass for another are known, also with underscores")
    func identityNames() {
        func name(_ text: String) -> FieldName {
            var hash = FieldNameHash()
            for byte in text.utf8 { hash.add(byte) }
            return Array(text.utf8).withUnsafeBytes { FieldName.identify($0, hash: hash.value) }
        }
        for text in ["X-User-Id", "x_user_id", "X-Internal-Secret", "X-Forwarded-Host", "X-Real-IP", "X-Workspace-Id"] {
            #expect(name(text) == .identity, "\(text)")
        }
        for known in FieldName.allCases where known != .other && known != .identity {
            #expect(name("\(known.text)".uppercased()) == known)
        }
        #expect(name("content_length") == .other)
        #expect(name("X-Custom") == .other)
    }
}
