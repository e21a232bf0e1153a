internal import CPostgres
internal import Execution
internal import FoundationEssentials
internal import Primitives
internal import Synchronization
internal import Telemetry

/// One connection to the server: libpq in non-blocking pipeline mode. Callers send; the loop's thread receives.
///
/// Operations that are begun while another is under way wait for it, in order.
final class Connection: EventLoop.Handler {
    private let state: Mutex<Wire>
    private let loop: EventLoop
    private let canceller: BlockingPool
    private let watch: AvailabilityWatch
    private let loopID = Atomic<UInt64>(0)
    private let onClose: @Sendable (Connection) -> Void
    private let onNotification: (@Sendable (String, String) -> Void)?
    private static let lastID = Atomic<UInt64>(0)
    let createdAt = ContinuousClock.now

    /// - Parameters:
    ///   - handle: an open connection, owned from now on.
    ///   - onClose: called once when the connection is gone, from any thread and under no lock.
    ///   - onNotification: gets channel and payload on the loop's thread.
    init(
        handle: ConnectionHandle, loop: EventLoop, canceller: BlockingPool, watch: AvailabilityWatch,
        preparedStatements: Int,
        onClose: @escaping @Sendable (Connection) -> Void,
        onNotification: (@Sendable (String, String) -> Void)? = nil
    ) {
        self.loop = loop
        self.canceller = canceller
        self.watch = watch
        self.onClose = onClose
        self.onNotification = onNotification
        state = Mutex(Wire(handle: handle, preparedLimit: preparedStatements))
        let id = loop.add(self)
        loopID.store(id, ordering: .releasing)
        state.withLock { wire in
            if let socket = wire.socket { loop.watch(id, socket: socket, writing: false, isNew: true) }
        }
    }

    /// Whether statements can be sent, and nothing is under way or left over.
    var isClean: Bool { state.withLock { $0.isOpen && $0.isIdle && !$0.isTainted } }
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Looks, without waiting, whether an idle connection was ended by the server a moment ago.
    func isAlive() -> Bool {
        if state.withLock({ $0.hasInput }) { socketIsReady() }
        return isOpen
    }

    /// Sends statements and waits for all their answers.
    /// - Parameters:
    ///   - part: what they are to a transaction; statements that open it have no answers here.
    ///   - honoursCancellation: whether cancelling the task cancels the statements on the server.
    /// - Throws: ``PostgresError`` of the first statement that failed, `CancellationError`.
    func run(
        _ statements: [Statement], mode: Operation.Mode = .pipeline, part: Operation.Part = .none, limit: Duration,
        honoursCancellation: Bool = true
    ) async throws -> [ResultSet] {
        let id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
        func submit() async throws -> [ResultSet] {
            let now = ContinuousClock.now
            return try await withCheckedThrowingContinuation { continuation in
                begin(
                    Operation(
                        id: id, statements: statements, part: part, mode: mode, began: now, deadline: now + limit,
                        continuation: continuation))
            }
        }
        guard honoursCancellation else { return try await submit() }
        if Task.isCancelled { throw CancellationError() }
        defer { if Task.isCancelled { state.withLock { $0.forget(id) } } }
        return try await withTaskCancellationHandler(operation: submit) { cancel(id) }
    }

    /// Closes the connection; what is under way fails.
    func close(_ error: PostgresError = PostgresError(.connectionLost)) {
        finish { $0.fail(error) }
    }

    private func begin(_ operation: Operation) { finish { $0.enqueue(operation) } }

    func socketIsReady() {
        var notifications: [(String, String)] = []
        finish { $0.receive(into: &notifications) }
        if isOpen { watch.heard() }
        for (channel, payload) in notifications { onNotification?(channel, payload) }
    }

    func tick(_ now: ContinuousClock.Instant) {
        finish { wire in
            guard let deadline = wire.deadline, let began = wire.began else { return }
            if now >= deadline {
                wire.fail(PostgresError(.silent, "no answer in the time of a statement"))
            } else if watch.isAway {
                wire.fail(PostgresError(.silent, "the database is away"))
            } else {
                watch.look(at: began, now: now)
            }
        }
    }

    private func cancel(_ id: UInt64) {
        let handle = state.withLock { $0.cancel(id) }
        guard let handle else { return }
        Task { [canceller, weak self] in
            // Refused when too many cancels wait: the statement timeout then ends the statement.
            _ = try? await canceller.run { handle.cancel() }
            self?.finish { $0.cancelWasSent(id) }
        }
    }

    /// Changes the wire, then does outside of its lock what the change asks for.
    private func finish(_ change: (inout Wire) -> Void) {
        let id = loopID.load(ordering: .acquiring)
        let (completions, hasClosed) = state.withLock { wire -> ([Wire.Completion], Bool) in
            change(&wire)
            if let writing = wire.takeWatchChange(), let socket = wire.socket {
                loop.watch(id, socket: socket, writing: writing, isNew: false)
            }
            if let socket = wire.takeSocketToClose() {
                loop.remove(id, socket: socket)
                wire.release()
                return (wire.takeCompletions(), true)
            }
            return (wire.takeCompletions(), false)
        }
        for completion in completions { completion.continuation.resume(with: completion.result) }
        if hasClosed { onClose(self) }
    }
}
