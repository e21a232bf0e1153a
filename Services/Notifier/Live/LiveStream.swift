import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import Synchronization

/// One listener's way through the stream of its workspace.
struct LiveStream: Sendable {
    /// Takes what a listener is told; throws where nobody listens any more.
    protocol Sink: Sendable {
        /// The first words to a listener that begins now: from where it can read on, should it be cut off.
        func begin(_ seq: Int64) async throws
        func send(_ event: LiveEvent) async throws
        func heartbeat() async throws
        /// The last words: why the stream ends.
        func end(_ reason: String) async throws
    }

    let hub: LiveHub
    let postgres: PostgresClient
    let revocations: SessionRevocations
    let heartbeat: Duration
    private static let pageSize = 100

    /// Tells `sink` everything after `last` (from now on where that is `nil`) until the token ends, the session is ended,
    /// the peer goes or the process stops.
    func run(_ principal: Principal, after last: Int64?, to sink: some Sink) async throws {
        let signals: AsyncStream<Void>
        do { signals = try hub.signals(principal.workspaceID) } catch {
            throw Problem.unavailable("Too many live streams are open.", retryAfter: 5)
        }
        let bounds = try await LiveEventStore.bounds(principal.workspaceID, on: postgres)
        var seq = last ?? bounds.newest
        // Between what the listener saw last and what is kept may be a hole.
        if let last, !bounds.canReadOn(after: last) { return try await sink.end("too_old") }
        if last == nil { try await sink.begin(seq) }
        let news = Flag()
        var silentSince = ContinuousClock.now
        for await _ in ticks(signals, news) {
            if revocations.contains(principal.sessionID) { return try await sink.end("session_ended") }
            if principal.expiresAt < Date() { return try await sink.end("token_expired") }
            // A wake-up may be lost: whoever hears nothing looks now and then.
            if news.take() || ContinuousClock.now - silentSince >= heartbeat {
                var page: [LiveEvent]?
                repeat {
                    page = try await read(principal.workspaceID, after: seq)
                    for event in page ?? [] where event.isFor(principal.userID) {
                        try await sink.send(event)
                        silentSince = .now
                    }
                    seq = page?.last?.seq ?? seq
                } while page?.count == Self.pageSize
                // At the next tick again.
                if page == nil { news.set() }
            }
            if ContinuousClock.now - silentSince >= heartbeat {
                try await sink.heartbeat()
                silentSince = .now
            }
        }
        try await sink.end("going_away")
    }

    /// What comes next in the table; `nil` while the database is away: the stream stays, and tells it later.
    private func read(_ workspace: UUID, after seq: Int64) async throws -> [LiveEvent]? {
        do {
            return try await LiveEventStore.page(workspace, after: seq, limit: Self.pageSize, on: postgres)
        } catch let error as PostgresError where error.isRetriable || error.outcomeUnknown { return nil }
    }

    /// Whether there may be news: a flag beside the ticks, because of many ticks only the newest is kept.
    private final class Flag: Sendable {
        private let isSet = Atomic(true)
        func set() { isSet.store(true, ordering: .releasing) }
        func take() -> Bool { isSet.exchange(false, ordering: .acquiringAndReleasing) }
    }

    /// A tick for each signal, and one each second: to notice an ended session, a gone peer, and silence.
    private func ticks(_ signals: AsyncStream<Void>, _ flag: Flag) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let news = Task {
                for await _ in signals {
                    flag.set()
                    continuation.yield()
                }
                continuation.finish()
            }
            let time = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    continuation.yield()
                }
            }
            continuation.onTermination = { _ in
                news.cancel()
                time.cancel()
            }
        }
    }
}
