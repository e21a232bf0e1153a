import Synchronization

/// Work that can be stopped from outside, and tells how long it has been silent.
final class WriterGate: Sendable {
    private struct State {
        var isStopped = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let last = Mutex(ContinuousClock.now)

    func progress() { last.withLock { $0 = .now } }
    func isSilent(for limit: Duration) -> Bool { last.withLock { .now - $0 > limit } }

    func stop() {
        let cancel = state.withLock { state in
            state.isStopped = true
            return state.cancel
        }
        cancel?()
    }

    func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task { try await body() }
        let isStopped = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isStopped
        }
        if isStopped { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
