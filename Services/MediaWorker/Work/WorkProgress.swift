import AV
import Jobs
import Primitives
import Synchronization

/// Passes progress on once a second: each time a row is written and people are told.
final class WorkProgress: Sendable {
    private let context: JobContext
    private let range: ClosedRange<Double>
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameter range: the part of the whole job, in percent, that this work is.
    init(_ context: JobContext, _ range: ClosedRange<Double> = 5...90) {
        self.context = context
        self.range = range
    }

    func report(_ progress: MediaProgress) {
        let isDue = last.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last < .seconds(1) { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let percent = range.lowerBound + (range.upperBound - range.lowerBound) * progress.fraction
        context.progress(Int(percent), etaMs: progress.etaMs)
    }
}
