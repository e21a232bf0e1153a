internal import Primitives
public import Telemetry

/// A part that does something now and then, as long as the process runs. A round that fails is tried again, soon.
public final class Periodic: Service {
    public let name: String
    private let pause: @Sendable () -> Duration
    private let logger: Logger
    private let round: @Sendable () async throws -> Bool
    private let stopping = AsyncTrigger()

    /// - Parameters:
    ///   - pause: the wait between two rounds, asked for each time.
    ///   - round: one bounded portion of the work; true where there is more to do at once.
    public init(
        _ name: String, every pause: @autoclosure @escaping @Sendable () -> Duration, logger: Logger,
        _ round: @escaping @Sendable () async throws -> Bool
    ) {
        self.name = name
        self.pause = pause
        self.logger = logger
        self.round = round
    }

    /// Does rounds until ``stop()``.
    public func run() async throws {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))
        var failures = 0
        while !stopping.hasFired, !Task.isCancelled {
            do {
                let hasMore = try await round()
                failures = 0
                if !hasMore { await stopping.wait(upTo: pause()) }
            } catch {
                // A database that is away is told of often enough by others.
                if failures % 10 == 0 {
                    logger.warning("round failed", ["part": .string(name), "error": .string("\(error)")])
                }
                await stopping.wait(upTo: min(pause(), backoff.delay(attempt: failures)))
                failures += 1
            }
        }
    }

    /// Lets the round under way end, and begins no other.
    public func stop() async { stopping.fire() }
}
