internal import Execution
internal import FoundationEssentials
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Knows whether the database is away: refused, unreachable, or hung.
///
/// A failed connect or a statement without an answer makes it suspicious; then it connects by itself, again and again,
/// until the database answers. Only these tries judge, and only while nobody else is answered either: a statement that
/// takes long is not a database that is away.
final class AvailabilityWatch: Sendable {
    private struct State {
        var outage = Outage()
        var heard: ContinuousClock.Instant?
        var isTrying = false
        var isStopped = false
    }

    /// How long a statement may be without an answer before the database itself is asked.
    static let patience: Duration = .seconds(2)

    private let state = Mutex(State())
    private let away = Atomic(false)
    private let logger: Logger
    private let pool = BlockingPool(name: "postgres-watch", threads: 1)
    private let connect: @Sendable () throws -> Void
    private let onAway = Mutex<[@Sendable () -> Void]>([])

    /// - Parameter connect: makes a connection, is answered, and closes it; blocks for a bounded time.
    init(logger: Logger, connect: @escaping @Sendable () throws -> Void) {
        self.logger = logger
        self.connect = connect
    }

    /// Calls `body` each time that the database is found to be away.
    func onAway(_ body: @escaping @Sendable () -> Void) { onAway.withLock { $0.append(body) } }

    /// Whether it is useless to ask.
    var isAway: Bool { away.load(ordering: .acquiring) }

    /// Since when.
    var awaySince: Date? { state.withLock { $0.outage.since } }

    /// Something came from the server.
    func heard(now: ContinuousClock.Instant = .now) { state.withLock { $0.heard = now } }

    /// Looks at a statement that has no answer yet.
    func look(at began: ContinuousClock.Instant, now: ContinuousClock.Instant) {
        guard now - began >= Self.patience else { return }
        let isSilent = state.withLock { $0.heard.map { now - $0 >= Self.patience } ?? true }
        if isSilent { suspect() }
    }

    /// The database may be away: finds out.
    func suspect() {
        let begins = state.withLock { state in
            if state.isTrying || state.isStopped { return false }
            state.isTrying = true
            return true
        }
        if begins { Task { [weak self] in await self?.tryUntilItAnswers() } }
    }

    /// No more tries.
    func stop() { state.withLock { $0.isStopped = true } }

    private func tryUntilItAnswers() async {
        let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(1))
        var attempt = 0
        while !state.withLock({ $0.isStopped }) {
            let began = ContinuousClock.now
            if await answers() || hasHeard(since: began) { return isBack() }
            if state.withLock({ $0.outage.failed(began: began) }) {
                away.store(true, ordering: .releasing)
                logger.warning("the database is away")
                for tell in onAway.withLock({ $0 }) { tell() }
            }
            try? await Task.sleep(for: backoff.delay(attempt: attempt))
            attempt += 1
        }
    }

    /// A server that refuses for a reason is there: to wait for it would not help, and others may be let in.
    private func answers() async -> Bool {
        do {
            try await pool.run(connect)
            return true
        } catch { return (error as? PostgresError)?.isRefusal ?? false }
    }

    private func hasHeard(since began: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.heard.map { $0 >= began } ?? false }
    }

    private func isBack() {
        let wasAway = state.withLock { state in
            state.isTrying = false
            state.heard = .now
            return state.outage.succeeded()
        }
        away.store(false, ordering: .releasing)
        if wasAway { logger.info("the database is back") }
    }
}
