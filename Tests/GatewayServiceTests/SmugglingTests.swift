import Testing

@testable import GatewayService

extension LiveTests {
    /// Each family of request smuggling has its own answer, ends the connection, and never reaches a service.
    @Suite struct Smuggling {
        /// Bytes, the code of the answer's body, and its status. A second request is hidden in each.
        private static let hidden = "GET /api/v1/hidden HTTP/1.1\r\nHost: a\r\n\r\n"
        private static let headFamilies: [(String, String, Int)] = [
            ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "length_and_coding", 400),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "length_and_coding", 400),
            ("Content-Length: 0\r\nContent-Length: 44\r\n\r\n", "length_repeated", 400),
            ("Content-Length: 0, 44\r\n\r\n", "length_invalid", 400),
            ("Content-Length: 0\r\n Content-Length: 44\r\n\r\n", "folded_line", 400),
            ("Content-Length : 44\r\n\r\n", "space_before_colon", 400),
            ("Content_Length\u{0B}: 44\r\n\r\n", "malformed_field", 400),
            ("Transfer-Encoding: chunked, identity\r\n\r\n", "coding_unknown", 501),
            ("Transfer-Encoding: \u{0B}chunked\r\n\r\n", "control_character", 400),
            ("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", "coding_unknown", 501),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "coding_repeated", 400),
            ("Transfer-Encoding:\r\n chunked\r\n\r\n", "folded_line", 400),
            ("X: a\nContent-Length: 44\r\n\r\n", "bare_line_feed", 400),
            ("X: a\rContent-Length: 44\r\n\r\n", "bare_carriage_return", 400),
            ("X: a\0\r\n\r\n", "control_character", 400),
            ("Host: b\r\n\r\n", "host_repeated", 400),
        ]

        @Test("A head that two readers could take differently", arguments: headFamilies)
        func heads(rest: String, code: String, status: Int) async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let token = try door.token()
            let socket = try door.connect()
            socket.send(
                "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n" + rest + Self.hidden)
            let answer = try #require(socket.receiveAnswer())
            #expect(answer.status == status)
            #expect(answer.text.contains("\"code\":\"\(code)\""), "\(answer.text)")
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer["connection"] == "close")
            #expect(socket.isEnded())
            #expect(upstream.requests.isEmpty)
            await door.stop()
        }

        private static let chunkFamilies: [(String, String)] = [
            ("5\nhello\r\n0\r\n\r\n", "chunk_size_invalid"),
            ("5\r\nhello0\r\n\r\n", "chunk_end_invalid"),
            ("5\r\nhelloAB0\r\n\r\n", "chunk_end_invalid"),
            ("5;a\nb\r\nhello\r\n0\r\n\r\n", "chunk_extension_invalid"),
            ("5 \r\nhello\r\n0\r\n\r\n", "chunk_size_invalid"),
            ("0x5\r\nhello\r\n0\r\n\r\n", "chunk_size_invalid"),
            ("FFFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n", "chunk_size_invalid"),
            ("5\r\nhello\r\n0\r\n\n", "trailer_invalid"),
            ("5\r\nhello\r\n0\r\nContent-Length : 9\r\n\r\n", "trailer_invalid"),
        ]

        @Test("Chunks that two readers could take differently", arguments: chunkFamilies)
        func chunks(content: String, code: String) async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let token = try door.token()
            let socket = try door.connect()
            socket.send(
                "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n" + content + Self.hidden)
            let answer = try #require(socket.receiveAnswer())
            #expect(answer.status == 400)
            #expect(answer.text.contains("\"code\":\"\(code)\""), "\(answer.text)")
            #expect(socket.isEnded())
            #expect(!upstream.requests.contains { $0.head.contains("hidden") })
            await door.stop()
        }

        @Test("HTTP/2 is refused cleanly, with prior knowledge and as an upgrade (R36)")
        func http2() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let socket = try door.connect()
            socket.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            #expect(socket.receiveAnswer()?.status == 505)
            #expect(socket.isEnded())
            let token = try door.token()
            let answer = try door.ask(
                "GET", "/api/v1/projects",
                fields: ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"],
                token: token)
            #expect(answer?.status == 200)
            #expect(upstream.requests.count == 1)
            #expect(upstream.requests[0]["upgrade"] == nil)
            #expect(upstream.requests[0]["http2-settings"] == nil)
            await door.stop()
        }
    }
}
