internal import FoundationEssentials
internal import Lifecycle
internal import Primitives
internal import Synchronization
internal import Telemetry

/// One connection that listens for all channels of a client, and comes back when it breaks.
final class NotificationListener: Sendable {
    private struct State {
        var streams: [String: [Int: AsyncStream<String>.Continuation]] = [:]
        var next = 0
        var task: Task<Void, Never>?
        var connection: Connection?
        var isStopped = false
    }

    private let pool: ConnectionPool
    private let logger: Logger
    private let state = Mutex(State())

    init(pool: ConnectionPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    func listen(_ channel: String) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1000))
        let (id, connection) = state.withLock { state -> (Int, Connection?) in
            guard !state.isStopped else {
                continuation.finish()
                return (0, nil)
            }
            state.next += 1
            state.streams[channel, default: [:]][state.next] = continuation
            if state.task == nil { state.task = Task { [weak self] in await self?.run() } }
            return (state.next, state.connection)
        }
        continuation.onTermination = { [weak self] _ in self?.forget(channel, id) }
        if let connection { Task { await subscribe(connection, [channel]) } }
        return stream
    }

    func stop() {
        let (task, streams, connection) = state.withLock { state in
            state.isStopped = true
            defer { (state.streams, state.task, state.connection) = ([:], nil, nil) }
            return (state.task, state.streams.values.flatMap(\.values), state.connection)
        }
        task?.cancel()
        connection?.close()
        for stream in streams { stream.finish() }
    }

    private func run() async {
        let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(2))
        var attempt = 0
        while !Task.isCancelled {
            let closed = AsyncTrigger()
            do {
                let connection = try await pool.dedicated(
                    onClose: { _ in closed.fire() },
                    onNotification: { [weak self] channel, payload in self?.deliver(channel, payload) })
                let channels = state.withLock { state in
                    if !state.isStopped { state.connection = connection }
                    return Array(state.streams.keys)
                }
                if Task.isCancelled { return connection.close() }
                if await subscribe(connection, channels) {
                    attempt = 0
                    await closed.wait()
                }
                state.withLock { $0.connection = nil }
                connection.close()
            } catch {
                logger.debug("cannot listen to postgres", ["error": .string("\(error)")])
            }
            try? await Task.sleep(for: backoff.delay(attempt: attempt))
            attempt += 1
        }
    }

    @discardableResult
    private func subscribe(_ connection: Connection, _ channels: [String]) async -> Bool {
        let statements = channels.map { Statement(control: "LISTEN \(PostgresQuery.quoted(identifier: $0))") }
        do {
            _ = try await connection.run(statements, limit: .seconds(10))
            for channel in channels { deliver(channel, "") }
            return true
        } catch {
            connection.close()
            return false
        }
    }

    private func deliver(_ channel: String, _ payload: String) {
        let streams = state.withLock { Array(($0.streams[channel] ?? [:]).values) }
        for stream in streams { stream.yield(payload) }
    }

    private func forget(_ channel: String, _ id: Int) {
        // The server may go on sending for a channel without streams: it costs little and ends with the connection.
        state.withLock { state in
            state.streams[channel]?[id] = nil
            if state.streams[channel]?.isEmpty == true { state.streams[channel] = nil }
        }
    }
}
