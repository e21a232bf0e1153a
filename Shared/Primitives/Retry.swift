/// Exponential backoff with equal jitter: `base · 2^attempt`, at most `maximum`, of which at least half is waited.
public struct Backoff: Sendable {
    /// The first step.
    public var base: Duration
    /// The longest step.
    public var maximum: Duration

    /// Steps of 100 ms, 200 ms, 400 ms and so on to 30 s by default.
    public init(base: Duration = .milliseconds(100), maximum: Duration = .seconds(30)) {
        self.base = base
        self.maximum = maximum
    }

    /// The wait before the next try, after `attempt` tries that failed (from 0): between half and the whole of the step.
    public func delay(attempt: Int) -> Duration {
        let step = min(maximum, base * (1 << min(attempt, 20)))
        return step * Double.random(in: 0.5...1)
    }
}

/// The time that an operation was given is over.
public struct DeadlineExceeded: Error, Sendable, CustomStringConvertible {
    /// What took too long, for logs.
    public let operation: String
    /// What it was given.
    public let limit: Duration
    /// - Parameter operation: what took too long, for logs.
    public init(operation: String, limit: Duration) {
        self.operation = operation
        self.limit = limit
    }
    public var description: String { "\(operation) took longer than \(limit.milliseconds) ms" }
}

/// Runs an operation for at most `limit`, then cancels it.
/// - Throws: `DeadlineExceeded`, or what the operation throws.
public func withDeadline<T: Sendable>(
    _ limit: Duration, _ name: String, _ operation: @Sendable @escaping () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask(operation: operation)
        group.addTask {
            try await Task.sleep(for: limit)
            throw DeadlineExceeded(operation: name, limit: limit)
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
