internal import Synchronization

/// Something that happens once; any number of tasks may wait for it. A cancelled wait returns at once.
public final class AsyncTrigger: Sendable {
    private struct State {
        var fired = false
        var next = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    public init() {}

    /// It happened; it never unhappens.
    public var hasFired: Bool { state.withLock { $0.fired } }

    /// Lets all waiters go, now and later.
    public func fire() {
        let waiters = state.withLock { state in
            state.fired = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until it fired, or the task is cancelled.
    public func wait() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state in
                    if state.fired || state.cancelled.remove(id) != nil { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state -> CheckedContinuation<Void, Never>? in
                if let waiter = state.waiters.removeValue(forKey: id) { return waiter }
                if !state.fired { state.cancelled.insert(id) }
                return nil
            }?.resume()
        }
        state.withLock { _ = $0.cancelled.remove(id) }
    }

    /// Waits until one of several fired.
    public static func waitAny(_ triggers: [AsyncTrigger]) async {
        await withTaskGroup(of: Void.self) { group in
            for trigger in triggers { group.addTask { await trigger.wait() } }
            await group.next()
            group.cancelAll()
        }
    }
}
