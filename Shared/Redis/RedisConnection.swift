internal import CHiredis
internal import NetworkClient

/// One connection, logged in. Its calls block for a bounded time; belongs to one thread.
final class RedisConnection {
    private let stream: ByteStream
    private let reader: ReplyReader
    private let limit: Duration

    /// Connects, logs in and selects the database.
    /// - Parameter limit: how long connecting may take, and each exchange.
    init(_ url: RedisURL, authorities: String, limit: Duration) throws {
        self.limit = limit
        reader = try ReplyReader()
        stream = try Self.away {
            try ByteStream(
                host: url.host, port: url.port, isSecure: url.isSecure, authorities: authorities, within: limit)
        }
        if !url.password.isEmpty {
            let words = url.user.isEmpty ? ["AUTH", url.password] : ["AUTH", url.user, url.password]
            if case .refusal(let text)? = try exchange([words]).first {
                // Its first word only: the sentence may repeat what was sent.
                throw RedisError(.login, "Redis refuses the user or the password (\(text.prefix { $0 != " " }))")
            }
        }
        if url.database != 0, case .refusal(let text)? = try exchange([["SELECT", String(url.database)]]).first {
            throw RedisError(.refused, "Redis refuses the database: \(text)")
        }
    }

    /// Sends commands in one go, and takes an answer for each.
    func exchange(_ commands: [[String]]) throws -> [RedisReply] {
        let deadline = ContinuousClock.now + limit
        let bytes = try commands.flatMap(Self.bytes)
        return try Self.away {
            try stream.send(bytes, before: deadline)
            var replies: [RedisReply] = []
            while replies.count < commands.count {
                if let reply = try reader.next() {
                    replies.append(reply)
                } else {
                    reader.feed(try stream.receive(before: deadline))
                }
            }
            return replies
        }
    }

    private static func away<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as HTTPClientError { throw RedisError(.away, error.description) }
    }

    /// A command as it is sent.
    private static func bytes(of words: [String]) throws -> [UInt8] {
        let parts = words.map { Array($0.utf8) }
        let lengths = parts.map(\.count)
        return try parts.flatMap { $0 }.withUnsafeBytes { all in
            var start = 0
            let pointers = lengths.map { length -> UnsafePointer<CChar>? in
                defer { start += length }
                return all.bindMemory(to: CChar.self).baseAddress?.advanced(by: start)
            }
            var made: UnsafeMutablePointer<CChar>?
            var arguments = pointers
            let count = redisFormatCommandArgv(&made, Int32(words.count), &arguments, lengths)
            guard count >= 0, let made else { throw RedisError(.protocolBroken, "hiredis has no memory") }
            defer { redisFreeCommand(made) }
            return Array(UnsafeRawBufferPointer(start: made, count: Int(count)))
        }
    }
}
