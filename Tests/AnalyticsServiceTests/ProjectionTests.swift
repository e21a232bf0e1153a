import Events
import FoundationEssentials
import Messaging
import Postgres
import Primitives
import ServiceTestKit
import Telemetry
import TestKit
import Testing

@testable import AnalyticsService
@testable import Outbox

@Suite("An operator makes read models anew", .timeLimit(.minutes(5)))
struct ProjectionTests {
    private func run(_ person: Person, _ status: String, id: UUID = .v7()) -> RunChanged {
        RunChanged(
            runID: id, workspaceID: person.workspace, userID: person.id, projectID: person.project, workflowID: "film",
            status: status, progress: 0, stepsDone: 0, stepsTotal: 1)
    }

    private func say(_ world: ServiceWorld, _ words: String, _ settings: [String: String] = [:]) async throws
        -> (code: Int32, text: String)
    {
        try await world.say(words, to: AnalyticsApplication.definition, settings)
    }

    @Test("the hourly sums: what is wrong, missing or of no event is put right; older sums stay")
    func hours() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            for _ in 0..<30 { try await world.deliver(run(ada, "succeeded")) }
            while try await EventStore.fold(on: world.postgres) > 0 {}
            // Some are not folded yet.
            for _ in 0..<5 { try await world.deliver(run(ada, "failed")) }
            try await world.postgres.execute(
                """
                INSERT INTO rollup_hour (workspace_id, project_id, hour, type, count) VALUES
                    (\(ada.workspace), \(ada.project), date_trunc('hour', now()), 'never.happened', 3),
                    (\(ada.workspace), \(ada.project), date_trunc('hour', now() - interval '400 days'), 'long.ago', 7)
                """)
            try await world.postgres.execute("UPDATE rollup_hour SET count = 12 WHERE type = 'run.succeeded'")

            let planned = try JSON.decode(
                JSONValue.self, from: try await say(world, "projections rebuild hours --json").text)
            #expect(planned["rows"]?["missing or wrong"] == 1 && planned["rows"]?["of no event"] == 1)
            #expect(planned["applied"] == false)
            #expect(try await world.metrics(ada)["byType"]?["never.happened"] == 3, "only asked")

            let done = try await say(world, "projections rebuild hours --apply")
            #expect(done.code == 0)
            #expect(try await world.metrics(ada)["byType"] == ["run.failed": 5, "run.succeeded": 30])
            while try await EventStore.fold(on: world.postgres) > 0 {}
            #expect(try await world.metrics(ada)["byType"] == ["run.failed": 5, "run.succeeded": 30])
            #expect(try await world.count("SELECT count FROM rollup_hour WHERE type = 'long.ago'") == 7)
            let again = try await HourStore.rebuild(retentionDays: 90, applies: true, on: world.postgres)
            #expect(again.put == 0 && again.gone == 0)
        }
    }

    @Test("while events come, are folded and read, no answer is wrong")
    func whileRunning() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<50 { try await world.deliver(run(ada, "running")) } }
                }
                group.addTask { for _ in 0..<20 { _ = try await EventStore.fold(limit: 30, on: world.postgres) } }
                group.addTask {
                    for _ in 0..<20 {
                        _ = try await HourStore.rebuild(retentionDays: 90, applies: true, on: world.postgres)
                    }
                }
                group.addTask {
                    var last: Int64 = 0
                    for _ in 0..<20 {
                        let now = try await world.metrics(ada)["events"]?.intValue ?? -1
                        #expect(now >= last, "events that were counted are not counted any more")
                        last = now
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.metrics(ada)["events"] == 200)
        }
    }

    @Test("from Kafka: what was lost comes back, what is there counts once, what cannot be read is told")
    func log() async throws {
        let broker = try MockBroker()
        try await AnalyticsWorld.run { world in
            let ada = Person()
            let id = UUID.v7()
            let entries = try (0..<700).map { number in
                try OutboxEntry(run(ada, number == 699 ? "succeeded" : "running", id: id), source: "project")
            }
            let topic = entries[0].topic
            try broker.topic(topic, partitions: 1)
            let settings = KafkaSettings(bootstrapServers: broker.address, partitions: 1, replication: 1)
            let producer = try KafkaProducer(
                settings: settings, logger: Logger(service: "test", sink: MemoryLogSink()))
            try await withRunning([producer]) {
                for result in await producer.send(entries.map(\.record)) { _ = try result.get() }
                let bad = KafkaRecord(topic: topic, key: Data("k".utf8), headers: [], value: Data("?".utf8))
                for result in await producer.send([bad]) { _ = try result.get() }
            }
            let kafka = ["KAFKA_BOOTSTRAP_SERVERS": broker.address]
            let planned = try JSON.decode(
                JSONValue.self, from: try await say(world, "projections rebuild events --json", kafka).text)
            #expect(planned["topics"]?.arrayValue?.map { $0["records"] } == [701])
            #expect(try await world.count("SELECT count(*)::int FROM event") == 0)
            for _ in 0..<2 {
                let done = try JSON.decode(
                    JSONValue.self, from: try await say(world, "projections rebuild events --apply --json", kafka).text)
                #expect(done["outcome"]?["taken"] == 700 && done["outcome"]?["refused"] == 1)
                #expect(try await world.count("SELECT count(*)::int FROM event") == 700)
                #expect(try await world.metrics(ada)["events"] == 700)
            }
            let activity = try await world.postgres.query("SELECT status FROM activity WHERE id = \(id)")
            #expect(try activity.map { try $0.decode(String.self) } == ["succeeded"])
            // A row that got lost, though its event is there.
            try await world.postgres.execute("DELETE FROM activity")
            _ = try await say(world, "projections rebuild events --apply", kafka)
            #expect(try await world.count("SELECT count(*)::int FROM activity WHERE ended_at IS NOT NULL") == 1)
        }
    }

    @Test("the list, and words that mean nothing")
    func words() async throws {
        try await AnalyticsWorld.run { world in
            let list = try await say(world, "projections list").text
            #expect(list.contains("hours") && list.contains("events in Kafka"))
            let unknown = try await say(world, "projections rebuild everything --apply")
            #expect(unknown.code == 1)
            #expect(try await say(world, "projections rebuild").code == 64)
            #expect(try await say(world, "projections rebuild events").code == 69)
        }
    }
}
