import Lifecycle
import Synchronization
import Testing

@Suite("Waits", .timeLimit(.minutes(1)))
struct BellTests {
    /// So long that a test which waits for it fails by its own limit.
    private static let never = Duration.seconds(600)

    @Test("a ring ends the wait of a loop; one that comes while it works, its next wait")
    func rings() async {
        let bell = Bell()
        let waiting = Task { await bell.wait(upTo: Self.never) }
        bell.ring()
        await waiting.value
        bell.ring()
        await bell.wait(upTo: Self.never)
    }

    @Test("several rings before a wait are one: the wait after it lasts to its limit")
    func ringsAreOne() async {
        let bell = Bell()
        for _ in 0..<3 { bell.ring() }
        await bell.wait(upTo: Self.never)
        let limit = Duration.milliseconds(20)
        // At least: a busy machine only makes it longer.
        #expect(await ContinuousClock().measure { await bell.wait(upTo: limit) } >= limit)
    }

    @Test("a wait ends by its limit, and by the end of its task")
    func limits() async {
        let bell = Bell()
        await bell.wait(upTo: .milliseconds(1))
        await AsyncTrigger().wait(upTo: .milliseconds(1))
        let cancelled = Task {
            await bell.wait(upTo: Self.never)
            await AsyncTrigger().wait(upTo: Self.never)
        }
        cancelled.cancel()
        await cancelled.value
        bell.ring()
        await bell.wait(upTo: Self.never)
    }

    @Test("no ring is lost: a loop that looks after each wait sees all that was written before a ring")
    func nothingIsLost() async {
        let bell = Bell()
        let written = Count()
        let rounds = 20_000
        let looking = Task {
            while written.value < rounds { await bell.wait(upTo: Self.never) }
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for round in 0..<rounds / 4 {
                        written.add()
                        bell.ring()
                        if round % 64 == 0 { await Task.yield() }
                    }
                }
            }
        }
        await looking.value
        #expect(written.value == rounds)
    }

    private final class Count: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}
