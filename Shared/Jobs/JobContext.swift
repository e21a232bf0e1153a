public import FoundationEssentials
internal import Primitives
internal import Synchronization

/// What a handler tells about its job while it works.
public final class JobContext: Sendable {
    /// Why a handler is asked to let go.
    enum Reason: Sendable { case cancelled, leaseLost, deadline, stopping }

    private struct State {
        var progress: (percent: Int, etaMs: Int64?)?
        var isDirty = false
        var lastReport = ContinuousClock.now
        var reason: Reason?
    }

    /// The job, as it was claimed.
    public let job: Job
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    init(job: Job) { self.job = job }

    /// Tells how far the job is. Cheap: written at most twice a second.
    /// - Parameters:
    ///   - percent: from 0 to 100; what is less than before has no effect.
    ///   - etaMs: the time that is left; guessed from the time so far where `nil`.
    public func progress(_ percent: Int, etaMs: Int64? = nil) {
        let percent = min(100, max(0, percent))
        let elapsed = (ContinuousClock.now - start).milliseconds
        let guess = percent > 0 ? elapsed * Int64(100 - percent) / Int64(percent) : nil
        state.withLock { state in
            if let known = state.progress?.percent, percent < known { return }
            state.progress = (percent, etaMs ?? guess)
            state.isDirty = true
        }
    }

    /// Whether the handler should let go: the job was cancelled, its time is over, or this process stops.
    public var isCancelled: Bool { state.withLock { $0.reason != nil } || Task.isCancelled }

    /// Lets go where the handler should.
    /// - Throws: `CancellationError`.
    public func checkCancelled() throws {
        if isCancelled { throw CancellationError() }
    }

    /// An identifier for something that this job makes, the same in every try: what is made twice is then found.
    public func derivedID(_ name: String) -> UUID { .derived(from: job.id, name) }

    var reason: Reason? { state.withLock { $0.reason } }

    /// Notes the first reason to let go.
    func letGo(_ reason: Reason) { state.withLock { if $0.reason == nil { $0.reason = reason } } }

    /// What is to be written: news, or after a few silent seconds the same again, so that whoever waits sees that the
    /// work goes on.
    func takeProgress() -> (percent: Int, etaMs: Int64?)? {
        let now = ContinuousClock.now
        return state.withLock { state in
            let silence = (now - state.lastReport).milliseconds
            guard state.isDirty || silence >= 4_000 else { return nil }
            state.isDirty = false
            state.lastReport = now
            guard var progress = state.progress else { return (0, nil) }
            if let eta = progress.etaMs, silence >= 4_000 { progress.etaMs = max(0, eta - silence) }
            state.progress = progress
            return progress
        }
    }
}
