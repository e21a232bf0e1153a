import Lifecycle
import Synchronization
import Telemetry
import TestKit
import Testing

@Suite("Periodic parts", .timeLimit(.minutes(2)))
struct PeriodicTests {
    private struct Broken: Error {}

    private final class Count: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    /// Runs a part until it has done so many rounds; what it logged.
    private func log(
        rounds: Int, every pause: Duration, _ round: @escaping @Sendable (Int) throws -> Bool
    ) async throws -> [LogLine] {
        let count = Count()
        let logs = MemoryLogSink()
        let part = Periodic("part", every: pause, logger: Logger(service: "test", sink: logs)) {
            try round(count.next())
        }
        let running = Task { try await part.run() }
        try await eventually("\(rounds) rounds", within: .seconds(60)) { count.value >= rounds }
        await part.stop()
        try await running.value
        return logs.lines
    }

    @Test("a part does round after round until it is stopped, also in the middle of a long wait")
    func rounds() async throws {
        #expect(try await log(rounds: 5, every: .milliseconds(1)) { _ in false }.isEmpty)
        #expect(try await log(rounds: 1, every: .seconds(600)) { _ in false }.isEmpty)
    }

    @Test("where a round says that there is more to do, the next one comes at once")
    func more() async throws {
        #expect(try await log(rounds: 4, every: .seconds(600)) { $0 < 4 }.isEmpty)
    }

    @Test("a round that fails is told of, and tried again sooner than its turn would come")
    func failure() async throws {
        let lines = try await log(rounds: 3, every: .seconds(600)) { round in
            if round < 3 { throw Broken() }
            return false
        }
        #expect(lines.map(\.message) == ["round failed"])
    }
}
