internal import CPostgres
internal import Execution
internal import Glibc
internal import Primitives
internal import Synchronization

/// One thread that waits on the sockets of a client's connections with epoll, and tells the time every 100 ms.
final class EventLoop: Sendable {
    /// What a socket is good for now, on the loop's thread.
    protocol Handler: AnyObject, Sendable {
        func socketIsReady()
        func tick(_ now: ContinuousClock.Instant)
    }

    private struct State {
        var handlers: [UInt64: any Handler] = [:]
        var next: UInt64 = 0
        var isRunning = false
        var isClosed = false
        var onTick: (@Sendable (ContinuousClock.Instant) -> Void)?
    }

    private let epoll: Int32
    private let state = Mutex(State())
    private static let tick: Duration = .milliseconds(100)

    /// - Throws: ``PostgresError`` where the system has no epoll instance left.
    init() throws {
        epoll = atelier_epoll_create()
        guard epoll >= 0 else { throw PostgresError(.connectionFailed, "epoll: errno \(errno)") }
    }

    deinit { Glibc.close(epoll) }

    /// Calls `body` about ten times a second on the loop's thread, once there is a handler.
    func onTick(_ body: @escaping @Sendable (ContinuousClock.Instant) -> Void) { state.withLock { $0.onTick = body } }

    /// Adds a handler; its socket is named by ``watch(_:socket:writing:isNew:)``.
    func add(_ handler: any Handler) -> UInt64 {
        let (id, start) = state.withLock { state in
            state.next += 1
            state.handlers[state.next] = handler
            defer { state.isRunning = true }
            return (state.next, !state.isRunning)
        }
        if start { startThread { [self] in run() } }
        return id
    }

    /// Watches a handler's socket for input, and for room to write where `writing`.
    func watch(_ id: UInt64, socket: Int32, writing: Bool, isNew: Bool) {
        _ = atelier_epoll_watch(epoll, socket, id, writing ? 1 : 0, isNew ? 1 : 0)
    }

    /// Forgets a handler and its socket, which must still be open.
    func remove(_ id: UInt64, socket: Int32) {
        _ = atelier_epoll_forget(epoll, socket)
        state.withLock { _ = $0.handlers.removeValue(forKey: id) }
    }

    /// Lets the thread end within a tick once no handler is left.
    func close() { state.withLock { $0.isClosed = true } }

    private func run() {
        var ready = [UInt64](repeating: 0, count: 64)
        var nextTick = ContinuousClock.now + Self.tick
        while true {
            let count = atelier_epoll_wait(epoll, &ready, Int32(Self.tick.milliseconds))
            for id in ready.prefix(Int(max(0, count))) { state.withLock { $0.handlers[id] }?.socketIsReady() }
            let now = ContinuousClock.now
            guard now >= nextTick else { continue }
            nextTick = now + Self.tick
            for handler in state.withLock({ Array($0.handlers.values) }) { handler.tick(now) }
            state.withLock { $0.onTick }?(now)
            let isOver = state.withLock { state in
                guard state.isClosed, state.handlers.isEmpty else { return false }
                // A connection that was being made while the pool was stopped comes after this: it starts a thread anew.
                state.isRunning = false
                return true
            }
            if isOver { return }
        }
    }
}
