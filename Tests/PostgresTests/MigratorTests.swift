import Postgres
import TestKit
import Testing

@Suite struct MigratorTests {
    let steps = [
        Migration(id: "V0001_a", sql: "CREATE TABLE a (n int); INSERT INTO a VALUES (1);"),
        Migration(id: "V0002_b", sql: "ALTER TABLE a ADD m int;"),
    ]

    @Test func appliesOnceAlsoWhenSeveralStart() async throws {
        try await withClient({ $0.schema = "user_" }) { client, _ in
            #expect(try await Migrator.pending(steps, module: "user", on: client) == steps)
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await Migrator.apply(steps, module: "user", on: client).count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 2)
            #expect(try await Migrator.pending(steps, module: "user", on: client).isEmpty)
            #expect(try await client.query("SELECT n, m FROM user_.a").count == 1)
        }
    }

    @Test func refusesAStepThatWasChanged() async throws {
        try await withClient { client, _ in
            try await Migrator.apply(steps, module: "user", on: client)
            let changed = [Migration(id: "V0001_a", sql: "CREATE TABLE a (n bigint);")]
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator.apply(changed, module: "user", on: client)
            }
            #expect(error?.code == .migrationChanged)
        }
    }

    @Test func aFailingStepLeavesNothing() async throws {
        try await withClient { client, _ in
            let broken = [steps[0], Migration(id: "V0002_x", sql: "CREATE TABLE x (n int); SELECT 1 / 0;")]
            await #expect(throws: PostgresError.self) { try await Migrator.apply(broken, module: "user", on: client) }
            let pending = try await Migrator.pending(broken, module: "user", on: client)
            #expect(pending.map(\.id) == ["V0002_x"])
            await #expect(throws: PostgresError.self) { try await client.query("SELECT * FROM x") }
            #expect(try await Migrator.apply(steps, module: "user", on: client).count == 1)
        }
    }
}
