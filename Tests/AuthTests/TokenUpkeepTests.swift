import Auth
import Crypto
import FoundationEssentials
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

@Suite struct TokenUpkeepTests {
    @Test func bringsKeysAndEndedSessionsAlsoAfterAnAbsence() async throws {
        let forger = try Forger()
        let isAway = Mutex(true)
        let ended = Mutex<[RevocationFeed.Entry]>([])
        let cursors = Mutex<[String]>([])
        let directory = KeyDirectory(url: URL(filePath: "/keys"), floor: .milliseconds(1)) { _ in
            if isAway.withLock({ $0 }) { throw CancellationError() }
            return try JSON.encode(forger.keySet)
        }
        let verifier = TokenVerifier(keys: directory)
        let upkeep = TokenUpkeep(
            verifier: verifier, feed: try #require(URL(string: "http://user/revocations")),
            interval: .milliseconds(5), logger: Logger(service: "test", sink: MemoryLogSink())
        ) { url in
            if isAway.withLock({ $0 }) { throw CancellationError() }
            cursors.withLock { $0.append(url.query() ?? "") }
            let entries = ended.withLock { $0 }
            return try JSON.encode(RevocationFeed(entries: entries, cursor: "c\(entries.count)"))
        }
        let running = Task { try await upkeep.run() }
        let token = try forger.token()
        isAway.withLock { $0 = false }
        try await eventually("keys") { directory.isReady }
        let principal = try await verifier.verify(token)
        ended.withLock {
            $0 = [RevocationFeed.Entry(sessionId: principal.sessionID, until: principal.expiresAt)]
        }
        try await eventually("the end of the session") { (try? verifier.verifyNow(token)) == nil }
        try await eventually("the new cursor") { cursors.withLock { $0.contains("after=c1") } }
        #expect(cursors.withLock { $0.first } == "")
        await upkeep.stop()
        try await running.value
    }

    @Test func endedSessionsAreForgottenInTime() {
        let revocations = SessionRevocations()
        for _ in 0..<5000 { revocations.revoke(.v7(), until: Date().addingTimeInterval(-1)) }
        #expect(revocations.count < 1100)
    }
}
