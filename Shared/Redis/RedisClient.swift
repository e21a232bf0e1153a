internal import Execution

/// Speaks to one Redis, over one connection that is made when it is first needed and again after a failure. What blocks
/// runs on a thread of its own.
///
/// For one primary: a cluster's answers `MOVED` are refusals like others.
public final class RedisClient: Sendable {
    private let url: RedisURL
    private let authorities: String
    private let limit: Duration
    private let pool: BlockingPool
    private let line = Line()

    /// - Parameters:
    ///   - authorities: PEM file of the authorities that TLS trusts; the system's where empty.
    ///   - limit: how long connecting may take, and each exchange.
    public init(_ url: RedisURL, authorities: String = "", limit: Duration) {
        (self.url, self.authorities, self.limit) = (url, authorities, limit)
        pool = BlockingPool(name: "redis", threads: 1, queueLimit: 16)
    }

    /// Sends commands in one go, and returns an answer for each; those may be refusals.
    ///
    /// A kept connection may turn out to be closed: the commands are then sent once more over a new one. They must be
    /// such as may be done twice.
    /// - Throws: ``RedisError``, `BlockingPool.Overloaded`, `CancellationError`.
    public func exchange(_ commands: [[String]]) async throws -> [RedisReply] {
        try await pool.run { [url, authorities, limit, line] in
            if let kept = line.connection {
                if let replies = try? kept.exchange(commands) { return replies }
                line.connection = nil
            }
            let made = try RedisConnection(url, authorities: authorities, limit: limit)
            let replies = try made.exchange(commands)
            line.connection = made
            return replies
        }
    }

    private final class Line: @unchecked Sendable {  // Touched on the pool's one thread only.
        var connection: RedisConnection?
    }
}
