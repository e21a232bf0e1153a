import Execution
import FoundationEssentials
import Synchronization

/// Decode children that wait for another order. A child only ever works for one workspace: what media does to it can
/// reach nobody else. One that failed at anything, or did enough, is not used again.
final class ChildPool: Sendable {
    /// What a child is kept for.
    struct Key: Hashable, Sendable {
        let workspace: UUID
        let memory: UInt64
    }

    /// A child between two orders.
    final class Lane: @unchecked Sendable {  // Handed from one thread to the next through the pool's lock only.
        let session: ChildSession
        var orders = 0
        var since = ContinuousClock.now

        init(_ session: ChildSession) { self.session = session }
    }

    private struct State: ~Copyable {
        var idle: [Key: [Lane]] = [:]
        /// One loop looks for children that have waited for long. It ends in the step that finds none: a child that is
        /// given a moment later starts another.
        var isSweeping = false

        var count: Int { idle.values.reduce(0) { $0 + $1.count } }
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let maxOrders = 200
    private let patience: Duration

    /// - Parameters:
    ///   - capacity: children that wait at most.
    ///   - patience: how long one waits for another order.
    init(capacity: Int, patience: Duration = .seconds(3)) {
        self.capacity = capacity
        self.patience = patience
    }

    /// Children that wait now.
    var count: Int { state.withLock { $0.count } }

    /// A child that waits for this workspace.
    func take(_ key: Key) -> Lane? { state.withLock { $0.idle[key]?.popLast() } }

    /// Keeps a child that has just answered well.
    func give(_ lane: Lane, _ key: Key) {
        lane.orders += 1
        lane.since = .now
        guard lane.orders < maxOrders else { return }
        let startsSweeping = state.withLock { state in
            guard state.count < capacity else { return false }
            state.idle[key, default: []].append(lane)
            defer { state.isSweeping = true }
            return !state.isSweeping
        }
        guard startsSweeping else { return }
        Task { [weak self] in
            repeat { try? await Task.sleep(for: .seconds(1)) } while self?.sweep() == true
        }
    }

    /// Ends the children that have waited for long; all of them where `all`.
    /// - Returns: whether some wait on, so that another sweep is due.
    @discardableResult func sweep(all: Bool = false) -> Bool {
        let now = ContinuousClock.now
        let patience = patience
        let (ended, waits) = state.withLock { state -> ([Lane], Bool) in
            let gone = state.idle.values.flatMap { $0 }.filter { all || now - $0.since > patience }
            for key in state.idle.keys { state.idle[key]?.removeAll { lane in gone.contains { $0 === lane } } }
            state.idle = state.idle.filter { !$0.value.isEmpty }
            if state.idle.isEmpty && !all { state.isSweeping = false }
            return (gone, !state.idle.isEmpty)
        }
        // Letting go kills and buries them: outside of the lock, because it waits for their ends.
        withExtendedLifetime(ended) {}
        return waits
    }
}
