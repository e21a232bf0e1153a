import Lifecycle
import Synchronization
import Telemetry
import Testing

@Suite("Lifecycle", .timeLimit(.minutes(1)))
struct ServiceGroupTests {
    /// Notes what happens to it.
    private final class Part: Service {
        let name: String
        private let journal: Journal
        private let fails: Bool
        private let stopping = AsyncTrigger()

        init(_ name: String, _ journal: Journal, fails: Bool = false) {
            self.name = name
            self.journal = journal
            self.fails = fails
        }

        func run() async throws {
            journal.note("\(name) runs")
            if fails { throw Broken() }
            await stopping.wait()
            journal.note("\(name) ends")
        }

        func ready() async throws {
            try await Task.sleep(for: .milliseconds(20))
            journal.note("\(name) ready")
        }

        func stop() async { stopping.fire() }
    }

    private struct Broken: Error {}

    private final class Journal: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func note(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("parts start in order, each when the one before is ready, and stop in reverse")
    func order() async throws {
        let journal = Journal()
        let group = ServiceGroup(
            [Part("a", journal), Part("b", journal)], logger: Logger(service: "test", sink: MemoryLogSink()),
            drainDelay: .zero)
        let running = Task { try await group.run() }
        while group.phase != .running { try await Task.sleep(for: .milliseconds(5)) }
        group.stop()
        try await running.value
        #expect(group.phase == .stopped)
        #expect(journal.all == ["a runs", "a ready", "b runs", "b ready", "b ends", "a ends"])
    }

    @Test("a part that fails ends the others, and its error is the group's")
    func failure() async {
        let journal = Journal()
        let group = ServiceGroup(
            [Part("a", journal), Part("b", journal, fails: true)],
            logger: Logger(service: "test", sink: MemoryLogSink()), drainDelay: .zero)
        await #expect(throws: Broken.self) { try await group.run() }
        #expect(journal.all.contains("a ends"))
    }

    /// Waits for what never comes, as for a database.
    private final class Waiting: Service {
        let name = "waiting"
        private let stopping = AsyncTrigger()
        func run() async throws { await stopping.wait() }
        func ready() async throws { try await Task.sleep(for: .seconds(3600)) }
        func stop() async { stopping.fire() }
    }

    @Test("to be stopped before everything is ready is no fault")
    func early() async throws {
        let journal = Journal()
        let group = ServiceGroup(
            [Part("a", journal), Waiting(), Part("b", journal)],
            logger: Logger(service: "test", sink: MemoryLogSink()), drainDelay: .zero)
        let running = Task { try await group.run() }
        while !journal.all.contains("a ready") { try await Task.sleep(for: .milliseconds(5)) }
        group.stop()
        try await running.value
        #expect(journal.all == ["a runs", "a ready", "a ends"])
    }

    /// Fails at once, and never answers where it is asked to stop.
    private final class Deaf: Service {
        let name = "deaf"
        func run() async throws { throw Broken() }
        func ready() async throws { await AsyncTrigger().wait() }
        func stop() async { await AsyncTrigger().wait() }
    }

    @Test("a part that does not let itself be stopped holds nobody up")
    func deaf() async {
        let journal = Journal()
        let sink = MemoryLogSink()
        let group = ServiceGroup(
            [Part("a", journal), Deaf()], logger: Logger(service: "test", sink: sink), drainDelay: .zero,
            stopLimit: .milliseconds(50))
        await #expect(throws: Broken.self) { try await group.run() }
        #expect(journal.all.contains("a ends"))
        #expect(group.phase == .stopped)
    }

    @Test("a trigger lets all waiters go, early and late, and a cancelled wait ends")
    func trigger() async {
        let trigger = AsyncTrigger()
        let waiting = Task { await trigger.wait() }
        let cancelled = Task { await trigger.wait() }
        cancelled.cancel()
        await cancelled.value
        #expect(!trigger.hasFired)
        trigger.fire()
        await waiting.value
        await trigger.wait()
        #expect(trigger.hasFired)
    }
}
