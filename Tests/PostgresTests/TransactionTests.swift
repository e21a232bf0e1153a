import FoundationEssentials
import Postgres
import Synchronization
import TestKit
import Testing

@Suite struct TransactionTests {
    struct Refusal: Error {}

    @Test func commitsAndRollsBack() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int)")
            let committed = Mutex(0)
            try await client.withTransaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                tx.onCommit { committed.withLock { $0 += 1 } }
            }
            await #expect(throws: Refusal.self) {
                try await client.withTransaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (2)")
                    tx.onCommit { committed.withLock { $0 += 1 } }
                    throw Refusal()
                }
            }
            #expect(try await client.query("SELECT n FROM t").map { try $0.decode(Int.self) } == [1])
            #expect(committed.withLock { $0 } == 1)
        }
    }

    @Test func savepointsUndoAlone() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int PRIMARY KEY)")
            try await client.withTransaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                let error = try await #require(throws: PostgresError.self) {
                    try await tx.savepoint { _ = try await tx.execute("INSERT INTO t VALUES (1)") }
                }
                #expect(error.isUniqueViolation)
                try await tx.execute("INSERT INTO t VALUES (2)")
            }
            #expect(try await client.query("SELECT n FROM t").count == 2)
        }
    }

    @Test func aSwallowedErrorDoesNotLookCommitted() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int PRIMARY KEY)")
            let error = try await #require(throws: PostgresTransactionError.self) {
                try await client.withTransaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    _ = try? await tx.query("SELECT 1 / 0")
                }
            }
            #expect(error.commit != nil)
            #expect(try await client.query("SELECT n FROM t").isEmpty)
        }
    }

    @Test func finishingCommitsAllOrNothing() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int PRIMARY KEY)")
            let hooks = Atomic(0)
            for (timeout, first) in [(Duration?.none, Int?.none), (.none, 1), (.seconds(5), .none), (.seconds(5), 2)] {
                let before = try await client.query("SELECT n FROM t").count
                let number = 10 * (before + 1)
                let rows = try await client.withTransaction(statementTimeout: timeout) { tx in
                    if let first { try await tx.execute("INSERT INTO t VALUES (\(first))") }
                    tx.onCommit { hooks.add(1, ordering: .relaxed) }
                    let rows = try await tx.finish(["INSERT INTO t VALUES (\(number)) RETURNING n", "SELECT 7"])
                    // It is over: nothing more can belong to it.
                    await #expect(throws: PostgresError.self) { try await tx.execute("SELECT 1") }
                    return rows
                }
                #expect(try rows.map { try $0[0].decode(Int.self) } == [number, 7])
                #expect(try await client.query("SELECT n FROM t").count == before + (first == nil ? 1 : 2))
                // The last of them fails: nothing is left of the others, and no hook is called.
                await #expect(throws: PostgresError.self) {
                    try await client.withTransaction(statementTimeout: timeout) { tx in
                        if let first { try await tx.execute("INSERT INTO t VALUES (\(-first))") }
                        tx.onCommit { hooks.add(100, ordering: .relaxed) }
                        _ = try await tx.finish(["INSERT INTO t VALUES (1000)", "INSERT INTO t VALUES (\(number))"])
                    }
                }
                #expect(try await client.query("SELECT n FROM t WHERE n > 999 OR n < 0").isEmpty)
            }
            #expect(hooks.load(ordering: .relaxed) == 4)
            // A statement that failed before, unnoticed by the body, is noticed by the end.
            await #expect(throws: PostgresError.self) {
                try await client.withTransaction { tx in
                    _ = try? await tx.execute("SELECT 1 / 0")
                    _ = try await tx.finish(["INSERT INTO t VALUES (2000)"])
                }
            }
            #expect(try await client.query("SELECT n FROM t WHERE n = 2000").isEmpty)
        }
    }

    @Test func batchesAreOneRoundTripAndStopAtAFailure() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int PRIMARY KEY)")
            let rows = try await client.withTransaction { tx in
                try await tx.batch((1...50).map { "INSERT INTO t VALUES (\($0)) RETURNING n" })
            }
            #expect(try rows.map { try $0[0].decode(Int.self) } == Array(1...50))
            await #expect(throws: PostgresError.self) {
                try await client.withTransaction { tx in
                    _ = try await tx.batch([
                        "INSERT INTO t VALUES (100)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (101)",
                    ])
                }
            }
            #expect(try await client.query("SELECT n FROM t").count == 50)
        }
    }

    @Test func serializationFailuresAreRunAgain() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE account (id int PRIMARY KEY, n int)")
            try await client.execute("INSERT INTO account VALUES (1, 0)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await client.withTransaction(retries: 50) { tx in
                            try await tx.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                            let n = try await tx.query("SELECT n FROM account WHERE id = 1")[0].decode(Int.self)
                            try await tx.execute("UPDATE account SET n = \(n + 1) WHERE id = 1")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.query("SELECT n FROM account")[0].decode(Int.self) == 8)
        }
    }

    @Test func tasksMayShareATransaction() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (n int)")
            for _ in 0..<20 {
                await #expect(throws: Refusal.self) {
                    try await client.withTransaction { tx in
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for n in 0..<8 { group.addTask { try await tx.execute("INSERT INTO t VALUES (\(n))") } }
                            try await group.waitForAll()
                        }
                        throw Refusal()
                    }
                }
            }
            #expect(try await client.query("SELECT n FROM t").isEmpty)
        }
    }

    @Test func aStatementThatIsNeverSentOpensNothing() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (name text)")
            await #expect(throws: Refusal.self) {
                try await client.withTransaction { tx in
                    _ = try? await tx.execute("INSERT INTO t VALUES (\("a\0b"))")
                    try await tx.execute("INSERT INTO t VALUES ('inside')")
                    throw Refusal()
                }
            }
            #expect(try await client.query("SELECT name FROM t").isEmpty)
        }
    }

    @Test func cannotBeUsedAfterItsEnd() async throws {
        try await withClient { client, _ in
            let kept = Mutex<PostgresTransaction?>(nil)
            try await client.withTransaction { tx in kept.withLock { $0 = tx } }
            let transaction = try #require(kept.withLock { $0 })
            let error = await #expect(throws: PostgresError.self) { try await transaction.query("SELECT 1") }
            #expect(error?.code == .ended)
        }
    }
}
