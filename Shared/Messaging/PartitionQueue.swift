internal import FoundationEssentials
internal import Synchronization

/// Records of one partition between the thread that polls and the task that handles, bounded by pausing the partition.
final class PartitionQueue: Sendable {
    /// What the thread that polls has to do about the flow.
    enum Flow { case none, pause, resume }

    private struct State {
        var records: [ReceivedRecord] = []
        var bytes = 0
        var isPaused = false
        var isClosed = false
        var waiter: CheckedContinuation<[ReceivedRecord]?, Never>?
        var isIdle = true
        /// The batch that is being handled: how many, and when its first was written.
        var handling: (count: Int, since: Date?) = (0, nil)
    }

    static let highCount = 1000
    static let highBytes = 8 << 20

    private let state = Mutex(State())
    private let batchLimit: Int

    init(batchLimit: Int) { self.batchLimit = batchLimit }

    /// Adds a record; says whether the partition must be paused.
    func add(_ record: ReceivedRecord) -> Flow {
        let (flow, resume) = state.withLock { state -> (Flow, (() -> Void)?) in
            if state.isClosed { return (.none, nil) }
            state.records.append(record)
            state.bytes += record.size
            var resume: (() -> Void)?
            if let waiter = state.waiter {
                state.waiter = nil
                let batch = Self.take(&state, batchLimit)
                resume = { waiter.resume(returning: batch) }
            }
            if !state.isPaused, state.records.count >= Self.highCount || state.bytes >= Self.highBytes {
                state.isPaused = true
                return (.pause, resume)
            }
            return (.none, resume)
        }
        resume?()
        return flow
    }

    /// Whether a paused partition has room again; asked by the thread that polls.
    func flow() -> Flow {
        state.withLock { state in
            guard state.isPaused, state.records.count <= Self.highCount / 4, state.bytes <= Self.highBytes / 4 else {
                return .none
            }
            state.isPaused = false
            return .resume
        }
    }

    /// The next records, one at least; `nil` once the queue is closed. To ask again says that the last ones are done.
    func next() async -> [ReceivedRecord]? {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> [ReceivedRecord]?? in
                state.isIdle = true
                state.handling = (0, nil)
                if state.isClosed { return .some(nil) }
                if state.records.isEmpty {
                    state.waiter = continuation
                    return nil
                }
                return .some(Self.take(&state, batchLimit))
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// Says that the last records are done, and leaves the next ones time to gather.
    func rest(_ pace: Duration) async {
        state.withLock { state in
            state.isIdle = true
            state.handling = (0, nil)
        }
        try? await Task.sleep(for: pace)
    }

    /// Forgets what waits and lets the task end.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            state.records = []
            state.bytes = 0
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whether no records are being handled.
    var isIdle: Bool { state.withLock { $0.isIdle } }

    /// What was read and is not handled yet: how many records, and when the oldest was written.
    var inHand: (count: Int, oldest: Date?) {
        state.withLock { state in
            (state.handling.count + state.records.count, state.handling.since ?? state.records.first?.time)
        }
    }

    private static func take(_ state: inout State, _ limit: Int) -> [ReceivedRecord] {
        let count = min(limit, state.records.count)
        let batch = Array(state.records.prefix(count))
        state.records.removeFirst(count)
        state.bytes -= batch.reduce(0) { $0 + $1.size }
        state.isIdle = false
        state.handling = (count, batch.first?.time)
        return batch
    }
}
