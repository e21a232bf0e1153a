public import FoundationEssentials
public import Lifecycle
internal import Primitives
public import Telemetry

/// A pool of connections to one database, for the whole process.
///
/// Connections are made when first needed, so that a client works from its creation on; as a part of a
/// `ServiceGroup` it closes them in order when the process stops.
///
///     let rows = try await postgres.query("SELECT id, title FROM project WHERE workspace_id = \(workspace)")
///     let projects = try rows.map { try $0.decode((UUID, String).self) }
///
/// libpq runs in non-blocking mode: callers write, one thread per client reads. Cancelling a task cancels its statement
/// on the server. A server that falls silent costs a caller the statement timeout and five seconds.
public final class PostgresClient: Service {
    /// The name in logs.
    public let name = "postgres"
    let pool: ConnectionPool
    private let logger: Logger
    private let stopped = AsyncTrigger()
    private let listener: NotificationListener

    /// - Throws: ``PostgresError`` where the system has no epoll instance left.
    public init(configuration: PostgresConfiguration, logger: Logger) throws {
        pool = try ConnectionPool(configuration: configuration, logger: logger)
        self.logger = logger
        listener = NotificationListener(pool: pool, logger: logger)
    }

    deinit { listener.stop() }

    /// The schema that unqualified names mean.
    public var schema: String { pool.configuration.schema ?? "public" }

    /// Keeps the pool until ``stop()``.
    public func run() async throws {
        let size = Double(pool.configuration.poolSize)
        MetricsRegistry.shared.onScrape { [weak pool] metrics in
            guard let counts = pool?.counts else { return }
            let help = "Connections of the pool by state, and callers that wait for one."
            metrics.gauge("postgres_pool_connections", help, ["state": "idle"], Double(counts.idle))
            metrics.gauge("postgres_pool_connections", help, ["state": "lent"], Double(counts.lent))
            metrics.gauge("postgres_pool_connections", help, ["state": "waiting"], Double(counts.waiting))
            metrics.gauge("postgres_pool_size", "Connections that the pool may have.", [:], size)
        }
        await stopped.wait()
        listener.stop()
        pool.stop()
        await pool.drained()
    }

    /// Waits until the database answers.
    /// - Throws: ``PostgresError``, after the acquire timeout.
    public func ready() async throws { _ = try await query("SELECT 1") }

    /// Refuses new work; what is under way ends first.
    public func stop() async { stopped.fire() }

    /// Since when the database is known to be away, so that whoever asks is refused at once; `nil` where it is not.
    ///
    /// It becomes known when tries to connect failed for two seconds while nobody was answered, and ends when one succeeds.
    public var awaySince: Date? { pool.watch.awaySince }

    /// Whether the database answers within `limit`, or has answered somebody in the last second: a pool that is busy is
    /// not a database that is away.
    public func isReady(within limit: Duration = .seconds(1)) async -> Bool {
        if pool.watch.isAway { return false }
        if let lastUse = pool.lastUse, ContinuousClock.now - lastUse < .seconds(1) { return true }
        return (try? await withDeadline(limit, "postgres") { [self] in try await query("SELECT 1").count == 1 })
            ?? false
    }

    /// Runs a statement and returns its rows.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func query(_ query: PostgresQuery) async throws -> [PostgresRow] {
        PostgresRow.all(of: try await single(query))
    }

    /// Runs a statement and returns how many rows it touched.
    /// - Throws: ``PostgresError``, `CancellationError`.
    @discardableResult
    public func execute(_ query: PostgresQuery) async throws -> Int { try await single(query).affected }

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// `BEGIN` travels with the first statement, so that a body without statements costs nothing.
    /// - Parameters:
    ///   - retries: how often `body` is run again after a serialization failure or a deadlock.
    ///   - statementTimeout: another limit than the client's for each statement of this transaction.
    /// - Throws: what `body` throws; ``PostgresTransactionError`` where commit or rollback failed; ``PostgresError``.
    public func withTransaction<T>(
        retries: Int = 0, statementTimeout: Duration? = nil,
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresTransaction) async throws -> sending T
    ) async throws -> sending T {
        let backoff = Backoff(base: .milliseconds(10), maximum: .seconds(1))
        var attempt = 0
        while true {
            do {
                let connection = try await pool.acquire()
                defer { pool.release(connection) }
                let transaction = PostgresTransaction(
                    connection, begin: begin(statementTimeout),
                    limit: statementTimeout.map { $0 + .seconds(5) } ?? statementLimit)
                return try await transaction.run(body)
            } catch {
                guard attempt < retries, Self.isConflict(error) else { throw error }
                try await Task.sleep(for: backoff.delay(attempt: attempt))
                attempt += 1
            }
        }
    }

    /// The payloads of the notifications on a channel, from now on.
    ///
    /// After each time that the connection was made (anew), an empty payload comes: whatever was notified in between is
    /// lost, so that whoever listens has to look for itself. At most 1,000 payloads wait; then the oldest go.
    public func listen(_ channel: String) -> AsyncStream<String> { listener.listen(channel) }

    /// Runs a text of many statements in one implicit transaction. For scripts of the program, such as migrations.
    /// - Throws: ``PostgresError``.
    public func script(_ sql: String, limit: Duration = .seconds(600)) async throws {
        let connection = try await pool.acquire()
        defer { pool.release(connection) }
        _ = try await connection.run([Statement(control: sql)], mode: .script, limit: limit)
    }

    private var statementLimit: Duration { pool.configuration.statementTimeout + .seconds(5) }

    private func single(_ query: PostgresQuery) async throws -> ResultSet {
        let statement = Statement(query)
        var attempt = 0
        while true {
            let connection = try await pool.acquire()
            defer { pool.release(connection) }
            do {
                let results = try await connection.run([statement], limit: statementLimit)
                guard let result = results.last else { throw PostgresError(.connectionLost, "no answer") }
                return result
            } catch let error as PostgresError where error.code == .connectionFailed && attempt < 3 {
                // The connection had died before anything was sent: the next one may live.
                attempt += 1
            } catch let error as PostgresError where error.isStalePlan && attempt < 3 {
                attempt += 1
            }
        }
    }

    private func begin(_ timeout: Duration?) -> [Statement] {
        var statements = [Statement(control: "BEGIN")]
        if let timeout {
            statements.append(Statement(control: "SET LOCAL statement_timeout = \(timeout.milliseconds)"))
        }
        return statements
    }

    private static func isConflict(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: error.isConflict
        case let error as PostgresTransactionError: (error.commit as? PostgresError)?.isConflict ?? false
        default: false
        }
    }
}

extension PostgresError {
    /// Whether a kept plan does not fit any more; planning anew heals it.
    var isStalePlan: Bool { sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan")) }
}
