import Glibc
import Redis
import TestKit
import Testing

@Suite("A Redis", .serialized, .timeLimit(.minutes(2)))
struct RedisClientTests {
    private func client(_ url: String, authorities: String = "", limit: Duration = .seconds(10)) throws -> RedisClient {
        RedisClient(try RedisURL(url), authorities: authorities, limit: limit)
    }

    private func failure(_ client: RedisClient) async -> RedisError? {
        do {
            _ = try await client.exchange([["PING"]])
            return nil
        } catch { return error as? RedisError }
    }

    @Test("each command of a batch has its answer, of its kind")
    func answers() async throws {
        let redis = try await PrivateRedis()
        let client = try client(redis.url + "/3")
        let odd = "two words\r\n\u{0}é \"quoted\""
        let replies = try await client.exchange([
            ["SET", "text", odd], ["GET", "text"], ["INCRBY", "number", "41"], ["GET", "absent"],
            ["HSET", "hash", "a", "1", "b", "2"], ["HVALS", "hash"], ["INCR", "text"], ["SET", "empty", ""],
            ["GET", "empty"],
        ])
        #expect(replies.prefix(4) == [.text("OK"), .text(odd), .number(41), .nothing])
        #expect(replies[4..<6] == [.number(2), .list([.text("1"), .text("2")])])
        guard case .refusal(let text) = replies[6] else { throw NeverHappened(description: "a refusal") }
        #expect(text.hasPrefix("ERR "))
        #expect(replies[8] == .text(""))
        // The database of the URL, and no other.
        #expect(try await self.client(redis.url).exchange([["GET", "text"]]) == [.nothing])
    }

    @Test("more than fits into one read comes whole")
    func large() async throws {
        let redis = try await PrivateRedis()
        let client = try client(redis.url)
        let commands = (0..<20_000).map { ["ECHO", "value \($0) \(String(repeating: "x", count: 100))"] }
        let replies = try await client.exchange(commands)
        #expect(replies == commands.map { .text($0[1]) })
    }

    @Test("a user and a password are asked for, and wrong ones told, without naming them")
    func login() async throws {
        let redis = try await PrivateRedis(password: "p/a:s")
        let address = "127.0.0.1:\(redis.port)"
        let open = try client("redis://:p%2Fa%3As@\(address)")
        _ = try await open.exchange([["ACL", "SETUSER", "gate", "on", ">hunter2", "~*", "+@all"]])
        #expect(try await client("redis://gate:hunter2@\(address)").exchange([["PING"]]) == [.text("PONG")])
        for wrong in ["redis://:hunter3@\(address)", "redis://gate:hunter3@\(address)"] {
            let error = try #require(await failure(try client(wrong)))
            #expect(error.code == .login)
            #expect(error.description.contains("refuses the user or the password (WRONGPASS)"))
            #expect(!error.description.contains("hunter"))
        }
        // None where one is needed: Redis's own words.
        guard case .refusal(let text)? = try await client("redis://\(address)").exchange([["GET", "x"]]).first else {
            throw NeverHappened(description: "a refusal")
        }
        #expect(text.hasPrefix("NOAUTH"))
        let database = try #require(await failure(try client("redis://:p%2Fa%3As@\(address)/999")))
        #expect(database.code == .refused)
    }

    @Test("TLS: a certificate of a trusted authority is taken, any other refused")
    func tls() async throws {
        let redis = try await PrivateRedis(password: "hunter2", isSecure: true)
        let url = "rediss://:hunter2@127.0.0.1:\(redis.port)"
        let trusting = try client(url, authorities: redis.authorities)
        #expect(try await trusting.exchange([["PING"], ["SET", "a", "b"]]) == [.text("PONG"), .text("OK")])
        let error = try #require(await failure(try client(url)))
        #expect(error.code == .away)
        #expect(error.description.contains("TLS failure"))
        #expect(await failure(try client("redis://:hunter2@127.0.0.1:\(redis.port)")) != nil)
    }

    @Test("a Redis that went and came again is found again, nobody listening is told")
    func again() async throws {
        let redis = try await PrivateRedis()
        let client = try client(redis.url)
        #expect(try await client.exchange([["SET", "a", "b"]]) == [.text("OK")])
        redis.crash()
        let error = try #require(await failure(client))
        #expect(error.code == .away)
        #expect(error.description.hasPrefix("connection refused"))
        try await redis.start()
        // Over a new connection, within the same call; it knows nothing any more.
        #expect(try await client.exchange([["GET", "a"]]) == [.nothing])
        redis.crash()
        try await redis.start()
        #expect(try await client.exchange([["GET", "a"]]) == [.nothing])
    }

    @Test("one that hangs is given up after the limit, and found when it goes on")
    func hangs() async throws {
        let redis = try await PrivateRedis()
        let client = try client(redis.url, limit: .milliseconds(200))
        #expect(await failure(client) == nil)
        redis.pause()
        let error = try #require(await failure(client))
        #expect(error.code == .away)
        #expect(error.description.contains("timed out"))
        redis.resume()
        try await eventually("it answers again") { await failure(client) == nil }
    }

    @Test("who speaks no Redis is told")
    func strangers() async throws {
        let listener = try TCP.listen(port: 0)
        defer { close(listener) }
        let port = TCP.port(of: listener)
        Task.detached {
            let peer = accept(listener, nil, nil)
            var byte: UInt8 = 0
            recv(peer, &byte, 1, 0)
            _ = TCP.sendAll(peer, "HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        }
        #expect(await failure(try client("redis://127.0.0.1:\(port)"))?.code == .protocolBroken)
    }
}
