import Testing

@testable import GatewayService

struct ResponseParserTests {
    private func parse(_ text: String, isToHead: Bool = false) throws -> ResponseParser {
        var parser = ResponseParser()
        _ = try Array(text.utf8).withUnsafeBytes { try parser.advance($0, isToHead: isToHead) }
        return parser
    }

    @Test("How the content ends follows from status, method and fields")
    func framing() throws {
        #expect(try parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").framing == .length(5))
        #expect(try parse("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n").framing == .chunked)
        #expect(try parse("HTTP/1.1 200 OK\r\n\r\n").framing == .untilClose)
        #expect(try parse("HTTP/1.1 204 No Content\r\n\r\n").framing == .none)
        #expect(try parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").framing == .none)
        #expect(try parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", isToHead: true).framing == .none)
        #expect(try !parse("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n").keepsAlive)
    }

    @Test(
        "An answer that could end in two places is malformed",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "hello\r\n\r\n",
        ])
    func malformed(text: String) { #expect(throws: Refusal.self) { try parse(text) } }
}
