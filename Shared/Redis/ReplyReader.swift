internal import CHiredis

/// hiredis's reader: bytes in, whole answers out. Belongs to one thread.
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>

    init() throws {
        guard let reader = redisReaderCreate() else { throw RedisError(.protocolBroken, "hiredis has no memory") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func feed(_ bytes: [UInt8]) {
        // A failure stays in the reader, and the next answer that is asked for tells it.
        bytes.withUnsafeBytes { _ = redisReaderFeed(reader, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
    }

    /// The next whole answer; `nil` while more bytes are needed.
    func next() throws -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &found) == REDIS_OK else {
            throw RedisError(.protocolBroken, "what answers does not speak Redis's protocol")
        }
        guard let found else { return nil }
        defer { freeReplyObject(found) }
        return Self.reply(found.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private static func reply(_ reply: redisReply) -> RedisReply {
        switch reply.type {
        case REDIS_REPLY_INTEGER: .number(reply.integer)
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: .text(text(reply))
        case REDIS_REPLY_ERROR: .refusal(text(reply))
        case REDIS_REPLY_ARRAY:
            .list((0..<Int(reply.elements)).map { reply.element[$0].map { Self.reply($0.pointee) } ?? .nothing })
        default: .nothing
        }
    }

    private static func text(_ reply: redisReply) -> String {
        String(decoding: UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)), as: UTF8.self)
    }
}
