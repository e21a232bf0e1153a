import Events
import Foundation
import Messaging
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

/// R03: a process that is killed on both sides of the commit and of Kafka's acknowledgement leaves no zombie (a change
/// without its event) and no ghost (an event without its change), and no effect happens twice.
@Suite("Zombies and ghosts (R03)", .timeLimit(.minutes(12)))
struct CrashTests {
    private static let failpoints = [
        "outbox.after_commit", "outbox.before_publish", "outbox.before_mark", "inbox.before_commit",
        "inbox.after_commit",
    ]

    @Test("a service that dies at aimed places, again and again")
    func aimedKills() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the kills: \(seed)")
        var random = SeededRandom(seed: seed)
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let postgres = try PostgresClient(
                configuration: PostgresConfiguration(url: database.url), logger: Logger(service: "test"))
            try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
            try await postgres.script(
                """
                CREATE TABLE change (id uuid PRIMARY KEY);
                CREATE TABLE effect (n bigserial PRIMARY KEY, id uuid NOT NULL, at timestamptz NOT NULL);
                CREATE TABLE start (at timestamptz NOT NULL)
                """)
            // Consumers take long to join after one of them died: they die less often. The mock broker keeps little: no more
            // is written than it can hold.
            var kills = 0
            for round in 0..<16 {
                let place = Self.failpoints[round % 8 < 6 ? round % 3 : 3 + round % 2]
                let isInbox = place.hasPrefix("inbox")
                let visits = place == "outbox.after_commit" ? 20...300 : isInbox ? 1...2 : 1...5
                let visit = Int.random(in: visits, using: &random)
                let status = try await Self.crasher(
                    database, broker, ["FAILPOINT": "\(place):\(visit)", "WRITES": isInbox ? "300" : "1200"])
                // A busy machine may not come to the place in the time that it has: then it was stopped in order.
                #expect(status == 137 || status == 124 || status == 0, "it was to die at \(place):\(visit)")
                if status == 137 { kills += 1 }
            }
            #expect(kills >= 10, "too few of the aimed kills came about")
            let last = try await Self.crasher(database, broker, ["WRITES": "0"])
            #expect(last == 0, "what was left was to be finished")

            let changes = try await Self.ids("SELECT id FROM change", postgres)
            let effects = try await Self.ids("SELECT id FROM effect", postgres)
            let rows = try await Self.ids("SELECT event_id FROM outbox", postgres)
            let published = try await Self.eventsInTopic(broker, atLeast: rows.count)
            let figures = (
                zombies: Set(rows).subtracting(published).count, ghosts: published.subtracting(rows).count,
                missing: Set(changes).subtracting(effects).count, doubled: effects.count - Set(effects).count
            )
            print("\(changes.count) changes: \(figures)")
            #expect(changes.count > 1000)
            #expect(figures == (0, 0, 0, 0))
            let invented = Set(effects).subtracting(changes).count
            #expect(invented == 0)
            try await Self.printDelay(postgres)
            await postgres.stop()
        }
    }

    private static func crasher(
        _ database: TestDatabase, _ broker: MockBroker, _ more: [String: String]
    ) async throws -> Int32 {
        var environment = ProcessInfo.processInfo.environment
        environment["DATABASE_URL"] = database.url
        environment["KAFKA_BOOTSTRAP_SERVERS"] = broker.address
        environment.merge(more) { $1 }
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let variables = environment
        return try await Task.detached {
            Command.wait(
                try Command.start(
                    "/usr/bin/timeout", ["-s", "TERM", "60", folder + "/DeliveryCrasher"],
                    environment: variables))
        }.value
    }

    private static func ids(_ query: PostgresQuery, _ postgres: PostgresClient) async throws -> [UUID] {
        try await postgres.query(query).map { try $0.decode(UUID.self) }
    }

    private static func eventsInTopic(_ broker: MockBroker, atLeast count: Int) async throws -> Set<UUID> {
        let found = Mutex<Set<UUID>>([])
        let consumer = KafkaConsumer(
            settings: KafkaSettings(bootstrapServers: broker.address), group: "audit",
            topics: [Topic.projectEvents.rawValue], logger: Logger(service: "test", sink: MemoryLogSink())
        ) { batch in
            let ids = batch.compactMap { $0.header("ce_id").flatMap { UUID(uuidString: $0) } }
            found.withLock { $0.formUnion(ids) }
        }
        let task = Task { try await consumer.run() }
        try await eventually("the events of the topic", within: .seconds(60)) {
            found.withLock { $0.count } >= count && consumer.lag().values.allSatisfy { $0 == 0 }
        }
        await consumer.stop()
        try await task.value
        return found.withLock { $0 }
    }

    /// How long after its commit, or after the restart that followed, an event was acknowledged by Kafka. A figure, not a
    /// condition: the machine of the tests is shared.
    private static func printDelay(_ postgres: PostgresClient) async throws {
        let delay = try await postgres.query(
            """
            SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - greatest(created_at,
                (SELECT max(at) FROM start WHERE at < sent_at))))::float8 FROM outbox
            """)[0].decode(Double.self)
        print("publication delay after commit or restart, p95: \(Int(delay * 1000)) ms")
    }
}
