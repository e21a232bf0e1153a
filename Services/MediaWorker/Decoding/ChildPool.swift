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

    private let idle = Mutex<[Key: [Lane]]>([:])
    private let isSweeping = Mutex(false)
    private let capacity: Int
    private let maxOrders = 200
    private let patience: Duration = .seconds(3)

    /// - Parameter capacity: children that wait at most.
    init(capacity: Int) { self.capacity = capacity }

    /// A child that waits for this workspace.
    func take(_ key: Key) -> Lane? { idle.withLock { $0[key]?.popLast() } }

    /// Keeps a child that has just answered well.
    func give(_ lane: Lane, _ key: Key) {
        lane.orders += 1
        lane.since = .now
        guard lane.orders < maxOrders else { return }
        idle.withLock { idle in
            if idle.values.reduce(0, { $0 + $1.count }) < capacity { idle[key, default: []].append(lane) }
        }
        sweepLater()
    }

    /// Ends the children that have waited for long; all of them where `all`.
    func sweep(all: Bool = false) {
        let now = ContinuousClock.now
        let patience = patience
        let ended = idle.withLock { idle -> [Lane] in
            let gone = idle.values.flatMap { $0 }.filter { all || now - $0.since > patience }
            for key in idle.keys { idle[key]?.removeAll { lane in gone.contains { $0 === lane } } }
            idle = idle.filter { !$0.value.isEmpty }
            return gone
        }
        // Letting go kills and buries them: outside of the lock, because it waits for their ends.
        withExtendedLifetime(ended) {}
    }

    private func sweepLater() {
        let starts = isSweeping.withLock { isSweeping in
            defer { isSweeping = true }
            return !isSweeping
        }
        guard starts else { return }
        Task { [weak self] in
            var isEmpty = false
            while !isEmpty {
                try? await Task.sleep(for: .seconds(1))
                guard let self else { return }
                sweep()
                isEmpty = idle.withLock { $0.isEmpty }
            }
            self?.isSweeping.withLock { $0 = false }
        }
    }
}
