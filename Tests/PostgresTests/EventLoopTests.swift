import Synchronization
import TestKit
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    private final class Handler: EventLoop.Handler {
        private let count = Mutex(0)
        var ticks: Int { count.withLock { $0 } }
        func socketIsReady() {}
        func tick(_ now: ContinuousClock.Instant) { count.withLock { $0 += 1 } }
    }

    /// A connection that was being made while its pool was stopped still has to be served, or its caller waits for ever.
    @Test func whoComesAfterTheEndIsServed() async throws {
        let loop = try EventLoop()
        let first = Handler()
        let id = loop.add(first)
        try await eventually("a tick") { first.ticks > 0 }
        loop.close()
        loop.remove(id, socket: -1)
        // Its thread ends within a tick; where it does not yet, the next one is served by it.
        try await Task.sleep(for: .milliseconds(300))
        let late = Handler()
        let lateID = loop.add(late)
        try await eventually("a tick for the late one") { late.ticks > 0 }
        loop.remove(lateID, socket: -1)
    }
}
