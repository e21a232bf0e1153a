internal import Execution
internal import FoundationEssentials
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Lends connections, makes them when needed, and waits with a deadline.
final class ConnectionPool: Sendable {
    private typealias Grant = PoolState<Connection>.Grant

    private struct State {
        var pool: PoolState<Connection>
        var next = 0
        var waiting: [Int: CheckedContinuation<Grant, any Error>] = [:]
        var drained: [CheckedContinuation<Void, Never>] = []
        var lastUse: ContinuousClock.Instant?
    }

    let configuration: PostgresConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    private let loop: EventLoop
    /// Knows whether the database is away.
    let watch: AvailabilityWatch
    private let connecting = BlockingPool(name: "postgres-connect", threads: 4)
    private let canceller = BlockingPool(name: "postgres-cancel", threads: 2, queueLimit: 200)

    /// - Throws: ``PostgresError`` where the system has no epoll instance left.
    init(configuration: PostgresConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(pool: PoolState(limit: configuration.poolSize, waitLimit: configuration.waitLimit)))
        loop = try EventLoop()
        var quick = configuration
        quick.connectTimeout = .seconds(3)
        watch = AvailabilityWatch(logger: logger) { [quick] in try ConnectionHandle.open(quick).close() }
        watch.onAway { [weak self] in self?.refuseWaiters() }
        loop.onTick { [weak self] now in self?.tick(now) }
    }

    deinit { stop() }

    /// The numbers of connections and of callers that wait.
    var counts: (idle: Int, lent: Int, waiting: Int) {
        state.withLock { ($0.pool.idleCount, $0.pool.lentCount, $0.pool.waitingCount) }
    }

    /// When a connection came back in order: then the database had answered.
    var lastUse: ContinuousClock.Instant? { state.withLock { $0.lastUse } }

    /// Waits for a connection. Whoever gets one gives it back with ``release(_:)``.
    /// - Throws: ``PostgresError`` (`away`, `pool_timeout`, `connection_failed`, `overloaded`, `stopped`),
    ///   `CancellationError`.
    func acquire() async throws -> Connection {
        if watch.isAway { throw PostgresError(.away) }
        let deadline = ContinuousClock.now + configuration.acquireTimeout
        while let connection = state.withLock({ $0.pool.takeIdle() }) {
            if connection.isAlive() { return connection }
            release(connection)
        }
        switch try await grant(until: deadline) {
        case .use(let connection): return connection
        case .connect: return try await connect(until: deadline)
        case .refuse(let code): throw PostgresError(code)
        }
    }

    /// Takes a connection back. One that is broken, or has something left over, is closed.
    func release(_ connection: Connection) {
        let isUsable = connection.isClean
        if isUsable { state.withLock { $0.lastUse = .now } }
        let isKept = settle { pool in
            (pool.release(connection, isUsable: isUsable, now: .now), isUsable && !pool.isStopped)
        }
        if !isKept {
            connection.close()
        } else if !connection.isOpen {
            // It broke while it was put back, and its end went unnoticed.
            _ = settle { pool in (pool.removeIdle(connection), true) }
        }
    }

    /// Makes a connection that the pool does not count.
    /// - Throws: ``PostgresError``.
    func dedicated(
        onClose: @escaping @Sendable (Connection) -> Void,
        onNotification: @escaping @Sendable (String, String) -> Void
    ) async throws -> Connection {
        let handle = try await connecting.run { [configuration] in try ConnectionHandle.open(configuration) }
        return Connection(
            handle: handle, loop: loop, canceller: canceller, watch: watch, preparedStatements: 0, onClose: onClose,
            onNotification: onNotification)
    }

    /// Refuses everything from now on and closes what is idle. What is lent closes when it comes back.
    func stop() {
        let (idle, waiters) = state.withLock { state in
            let (idle, waiters) = state.pool.stop()
            return (idle, waiters.compactMap { state.waiting.removeValue(forKey: $0) })
        }
        watch.stop()
        for waiter in waiters { waiter.resume(returning: .refuse(.stopped)) }
        for connection in idle { connection.close() }
        loop.close()
        _ = settle { _ in (nil, true) }
    }

    /// Waits until nothing is lent any more; for use after ``stop()``.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.pool.slots > 0 { state.drained.append(continuation) }
                return state.pool.slots == 0
            }
            if isDrained { continuation.resume() }
        }
    }

    private func grant(until deadline: ContinuousClock.Instant) async throws -> Grant {
        let start = ContinuousClock.now
        let waiter = state.withLock { state in
            state.next += 1
            return state.next
        }
        defer {
            MetricsRegistry.shared.observe(
                "postgres_pool_wait_seconds", "Time that callers waited for a connection.", [:],
                (ContinuousClock.now - start).seconds)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Grant, any Error>? in
                    if let grant = state.pool.acquire(waiter: waiter, deadline: deadline) { return .success(grant) }
                    // A cancellation before this line ran its handler in vain; one after it finds the waiter.
                    if Task.isCancelled, state.pool.cancel(waiter: waiter) { return .failure(CancellationError()) }
                    state.waiting[waiter] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.pool.cancel(waiter: waiter) ? state.waiting.removeValue(forKey: waiter) : nil
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// Fills a slot: tries to connect until `deadline`, with backoff. The slot goes to somebody else when that fails.
    private func connect(until deadline: ContinuousClock.Instant) async throws -> Connection {
        let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(1))
        var attempt = 0
        do {
            while true {
                do {
                    let handle = try await connecting.run { [configuration] in
                        try ConnectionHandle.open(configuration)
                    }
                    return Connection(
                        handle: handle, loop: loop, canceller: canceller, watch: watch,
                        preparedStatements: configuration.preparedStatements
                    ) { [weak self] in self?.wasClosed($0) }
                } catch let error as PostgresError {
                    let delay = backoff.delay(attempt: attempt)
                    attempt += 1
                    let isLasting = error.sqlState.map { $0 != "53300" } ?? false
                    if !error.isRefusal { watch.suspect() }
                    if watch.isAway { throw PostgresError(.away, error.message) }
                    if isLasting || ContinuousClock.now + delay >= deadline { throw error }
                    try await Task.sleep(for: delay)
                }
            }
        } catch {
            _ = settle { pool in (pool.freeSlot(), true) }
            if !(error is CancellationError) {
                logger.warning("no connection to postgres", ["error": .string("\(error)")])
            }
            throw error
        }
    }

    /// Nobody waits in a queue for a database that is away.
    private func refuseWaiters() {
        let waiters = state.withLock { state in
            state.pool.takeWaiters().compactMap { state.waiting.removeValue(forKey: $0) }
        }
        for waiter in waiters { waiter.resume(returning: .refuse(.away)) }
    }

    private func wasClosed(_ connection: Connection) {
        _ = settle { pool in (pool.removeIdle(connection), true) }
    }

    private func tick(_ now: ContinuousClock.Instant) {
        let (expired, old) = state.withLock { state in
            let expired = state.pool.expire(now: now).compactMap { state.waiting.removeValue(forKey: $0) }
            return (expired, state.pool.takeIdle(since: now - configuration.idleTimeout))
        }
        for waiter in expired { waiter.resume(returning: .refuse(.poolTimeout)) }
        for connection in old { connection.close() }
    }

    /// Changes the pool, and wakes whoever is served by the change.
    private func settle(
        _ change: (inout PoolState<Connection>) -> ((waiter: Int, grant: Grant)?, Bool)
    ) -> Bool {
        let (result, waiter, grant, drained) = state.withLock {
            state -> (Bool, CheckedContinuation<Grant, any Error>?, Grant?, [CheckedContinuation<Void, Never>]) in
            let (served, result) = change(&state.pool)
            var drained: [CheckedContinuation<Void, Never>] = []
            if state.pool.isStopped, state.pool.slots == 0 { swap(&drained, &state.drained) }
            return (result, served.flatMap { state.waiting.removeValue(forKey: $0.waiter) }, served?.grant, drained)
        }
        if let waiter, let grant { waiter.resume(returning: grant) }
        for continuation in drained { continuation.resume() }
        return result
    }
}
