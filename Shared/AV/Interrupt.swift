public import Execution

/// Stops libav from within: a cancellation flag and a deadline, read by its interrupt callback and between frames.
public final class Interrupt: Sendable {
    private let flag: CancellationFlag
    private let deadline: ContinuousClock.Instant?

    /// - Parameters:
    ///   - flag: set by whoever wants the work to end.
    ///   - limit: how long the work may take from now.
    public init(flag: CancellationFlag = CancellationFlag(), limit: Duration? = nil) {
        self.flag = flag
        self.deadline = limit.map { ContinuousClock.now + $0 }
    }

    /// Ends the work.
    public func cancel() { flag.cancel() }

    /// The work has to stop now.
    package var isStopped: Bool { flag.isCancelled || isLate }

    private var isLate: Bool { deadline.map { ContinuousClock.now >= $0 } ?? false }

    /// - Throws: `CancellationError`, or ``MediaError`` with `timeout`.
    package func check() throws {
        if flag.isCancelled { throw CancellationError() }
        if isLate { throw MediaError(.timeout, "the work took longer than its limit") }
    }
}
