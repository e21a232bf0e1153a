public import FoundationEssentials
public import Lifecycle
internal import Primitives
public import Telemetry

/// Keeps a ``TokenVerifier`` up to date while the process runs: the keys every few minutes, ended sessions every second.
public final class TokenUpkeep: Service {
    public let name = "token-upkeep"
    private let verifier: TokenVerifier
    private let feed: URL
    private let fetch: KeyDirectory.Fetch
    private let interval: Duration
    private let keyInterval: Duration
    private let logger: Logger
    private let stopped = AsyncTrigger()

    /// - Parameters:
    ///   - feed: the user service's `/internal/v1/revocations`.
    ///   - fetch: a GET with a service token for `user`.
    ///   - interval: how often ended sessions are asked for; the product promises that they are refused within 5 s.
    public init(
        verifier: TokenVerifier, feed: URL, interval: Duration = .seconds(1), keyInterval: Duration = .seconds(120),
        logger: Logger, fetch: @escaping KeyDirectory.Fetch
    ) {
        self.verifier = verifier
        self.feed = feed
        self.fetch = fetch
        self.interval = interval
        self.keyInterval = keyInterval
        self.logger = logger
    }

    public func run() async throws {
        var cursor = ""
        var failures = 0
        var keysDue = ContinuousClock.now
        while !stopped.hasFired {
            if ContinuousClock.now >= keysDue {
                await verifier.keys.refresh()
                // Until the first keys are there, they are asked for as often as the directory lets us.
                keysDue = .now + (verifier.keys.isReady ? keyInterval : interval)
            }
            do {
                cursor = try await pull(after: cursor)
                failures = 0
            } catch {
                failures += 1
                if failures == 3 { logger.warning("ended sessions unknown", ["error": .string("\(error)")]) }
            }
            let wait = failures < 3 ? interval : Backoff(base: interval, maximum: .seconds(4)).delay(attempt: failures)
            await stopped.wait(upTo: wait)
        }
    }

    public func stop() async { stopped.fire() }

    /// Takes over the sessions that ended since `cursor`; the new cursor.
    private func pull(after cursor: String) async throws -> String {
        let url = cursor.isEmpty ? feed : feed.appending(queryItems: [URLQueryItem(name: "after", value: cursor)])
        let data = try await withDeadline(.seconds(3), "revocations") { [fetch] in try await fetch(url) }
        let answer = try JSON.decode(RevocationFeed.self, from: data)
        for entry in answer.entries { verifier.revocations.revoke(entry.sessionId, until: entry.until) }
        return answer.cursor
    }
}
