import FoundationEssentials
import TestKit
import Testing

@testable import Postgres

/// A database that is refused, and one that hangs: both are known to be away, nobody waits for them, and both are used
/// again as soon as they are back.
@Suite struct AwayTests {
    private func client(_ cluster: PrivatePostgres) throws -> PostgresClient {
        try PostgresClient(
            configuration: PostgresConfiguration(
                url: cluster.url("postgres"), poolSize: 1, acquireTimeout: .seconds(600),
                statementTimeout: .seconds(600)),
            logger: quiet)
    }

    private func code(_ task: Task<Void, any Error>) async -> PostgresError.Code? {
        do {
            try await task.value
            return nil
        } catch { return (error as? PostgresError)?.code }
    }

    @Test func aRefusedDatabaseIsNotWaitedFor() async throws {
        let cluster = try await PrivatePostgres.start()
        let client = try client(cluster)
        #expect(try await client.query("SELECT 1").count == 1)
        #expect(client.awaySince == nil)
        cluster.crash()
        // The first finds out; its limit alone would be ten minutes. So would be that of those behind it.
        let first = (0..<3).map { _ in Task { _ = try await client.query("SELECT 1") } }
        for task in first { #expect([.away, .connectionLost].contains(await code(task))) }
        try await eventually("it is away", within: .seconds(60)) { client.awaySince != nil }
        let error = await #expect(throws: PostgresError.self) { try await client.query("SELECT 1") }
        #expect(error?.code == .away)
        #expect(error?.isRetriable == true)
        #expect(error?.outcomeUnknown == false)
        #expect(await !client.isReady())
        let since = client.awaySince
        try await Task.sleep(for: .milliseconds(500))
        #expect(client.awaySince == since)
        try cluster.restart()
        try await eventually("it is back", within: .seconds(60)) { client.awaySince == nil }
        #expect(try await client.query("SELECT 1").count == 1)
        await client.stop()
    }

    @Test func aHungDatabaseIsNotWaitedFor() async throws {
        let cluster = try await PrivatePostgres.start()
        let client = try client(cluster)
        #expect(try await client.query("SELECT 1").count == 1)
        cluster.pause()
        // One hangs in the middle of its statement, one in the pool's queue behind it. Both have ten minutes.
        let under = Task { _ = try await client.query("SELECT 2") }
        try await eventually { client.pool.counts.lent == 1 }
        let behind = Task { _ = try await client.query("SELECT 3") }
        #expect(await code(behind) == .away)
        #expect(await code(under) == .silent)
        let error = await #expect(throws: PostgresError.self) { try await client.query("SELECT 1") }
        #expect(error?.code == .away)
        cluster.resume()
        try await eventually("it is back", within: .seconds(60)) { client.awaySince == nil }
        #expect(try await client.query("SELECT 1").count == 1)
        await client.stop()
    }

    @Test func aLongStatementIsNoDatabaseThatIsAway() async throws {
        let cluster = try await PrivatePostgres.start()
        let client = try client(cluster)
        let long = Task { try await client.query("SELECT pg_sleep(6)").count }
        while client.pool.counts.lent == 0 { await Task.yield() }
        while client.pool.counts.lent == 1 {
            #expect(client.awaySince == nil)
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await long.value == 1)
        await client.stop()
    }
}
