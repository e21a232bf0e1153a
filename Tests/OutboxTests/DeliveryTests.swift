import Events
import FoundationEssentials
import Messaging
import Outbox
import Postgres
import Primitives
import Telemetry
import TestKit
import Testing

@Suite("Outbox and inbox", .serialized, .timeLimit(.minutes(5)))
struct DeliveryTests {
    @Test("a change and its event happen both or not at all, and each event has its effect once, in order")
    func once() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let keys = (0..<10).map { _ in UUID.v7() }
            for round in 0..<20 {
                for key in keys { try await world.change(key, "\(round)") }
                // A change that is undone takes its event along.
                try? await world.postgres.withTransaction { tx in
                    try await world.outbox.append(World.event(keys[0], "ghost"), in: tx)
                    throw CancellationError()
                }
            }
            try await eventually("all effects", within: .seconds(60)) { try await world.effects().count >= 200 }
            let effects = try await world.effects()
            #expect(effects.count == 200)
            for key in keys {
                #expect(effects.filter { $0.key == key.text }.map(\.value) == (0..<20).map(String.init))
            }
            await world.stop()
        }
    }

    @Test("with a pace, events that follow the first are sent together and handled together, each once and in order")
    func paced() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay(pace: .seconds(2))
            world.startConsumer(pace: .seconds(2), [World.noteEffect])
            let key = UUID.v7()
            for number in 0..<40 { try await world.change(key, "\(number)") }
            try await eventually("all effects", within: .seconds(60)) { try await world.effects().count == 40 }
            #expect(try await world.effects().map(\.value) == (0..<40).map(String.init))
            let sent = try await world.count("SELECT count(DISTINCT sent_at) FROM outbox")
            let handled = try await world.count("SELECT count(DISTINCT xmin::text) FROM effect")
            #expect(sent < 20 && handled < 20, "\(sent) batches sent, \(handled) handled")
            await world.stop()
        }
    }

    @Test("with the inbox off, an event that comes twice has its effect twice: the test above can fail")
    func inboxOff() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer(faults: DeliveryFaults(inboxOff: true, publishBeforeCommit: false), [World.noteEffect])
            try await world.change(.v7(), "a")
            try await eventually("the effect", within: .seconds(60)) { try await world.effects().count == 1 }
            try await world.postgres.execute("UPDATE outbox SET sent_at = NULL")
            try await eventually("the second effect", within: .seconds(30)) { try await world.effects().count == 2 }
            await world.stop()
        }
    }

    @Test("an event that is sent twice has its effect once")
    func twice() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let key = UUID.v7()
            for value in 0..<50 { try await world.change(key, "\(value)") }
            try await eventually("the effects", within: .seconds(60)) { try await world.effects().count == 50 }
            try await world.postgres.execute("UPDATE outbox SET sent_at = NULL")
            try await world.change(key, "last")
            try await eventually("the last", within: .seconds(30)) { try await world.effects().last?.value == "last" }
            #expect(try await world.effects().count == 51)
            await world.stop()
        }
    }

    @Test("publishing before the commit makes ghosts")
    func ghosts() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let faults = DeliveryFaults(inboxOff: false, publishBeforeCommit: true)
            let world = try await World(database, broker: broker.address, faults: faults)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            try? await world.postgres.withTransaction { tx in
                try await world.outbox.append(World.event(.v7(), "ghost"), in: tx)
                throw CancellationError()
            }
            try await eventually("the ghost", within: .seconds(60)) { try await world.effects().count == 1 }
            await world.stop()
        }
    }

    @Test("a handler that fails holds up its own key only, and its events keep their order when it succeeds")
    func parked() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            let sick = UUID.v7()
            try await world.postgres.script("CREATE TABLE healed (yes boolean)")
            world.startRelay()
            world.startConsumer(
                attempts: 10_000,
                [
                    .on(ProjectChanged.self) { event, tx in
                        if event.payload.projectID == sick, try await tx.query("SELECT 1 FROM healed").isEmpty {
                            throw NeverHappened(description: "not healed")
                        }
                        try await tx.execute(
                            "INSERT INTO effect (key, value) VALUES (\(event.subject), \(event.payload.title))")
                    }
                ])
            let well = UUID.v7()
            for value in 0..<5 {
                try await world.change(sick, "\(value)")
                try await world.change(well, "\(value)")
            }
            try await eventually("the other key", within: .seconds(60)) { try await world.effects().count == 5 }
            #expect(try await world.effects().allSatisfy { $0.key == well.text })
            try await world.postgres.execute("INSERT INTO healed VALUES (true)")
            try await eventually("the parked", within: .seconds(60)) { try await world.effects().count == 10 }
            let late = try await world.effects().filter { $0.key == sick.text }.map(\.value)
            #expect(late == ["0", "1", "2", "3", "4"])
            #expect(try await world.count("SELECT count(*) FROM inbox_parked") == 0)
            await world.stop()
        }
    }

    @Test("what cannot be read goes to the dead letters with its reason; the rest is handled (R05)")
    func poison() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let good = 40
            for value in 0..<good { try await world.change(.v7(), "\(value)") }
            let poisons = try Self.poisons()
            for result in await world.producer.send(poisons) { _ = try result.get() }
            for value in good..<2 * good { try await world.change(.v7(), "\(value)") }
            try await eventually("the good ones", within: .seconds(60)) { try await world.effects().count == 2 * good }
            let dead = try await eventually("the dead letters", within: .seconds(60)) {
                let rows = try await world.postgres.query(
                    "SELECT headers->>'dlq_reason' FROM outbox WHERE topic LIKE '%.dlq.g' AND sent_at IS NOT NULL")
                return rows.count >= poisons.count ? rows.count : nil
            }
            #expect(dead == poisons.count)
            let incomplete = try await world.count(
                """
                SELECT count(*) FROM outbox WHERE topic LIKE '%.dlq.g' AND NOT headers ?&
                    ARRAY['dlq_reason', 'dlq_topic', 'dlq_partition', 'dlq_offset']
                """)
            #expect(incomplete == 0)
            await world.stop()
        }
    }

    @Test("a broker that lost its log is told again, and nothing happens twice")
    func anotherCluster() async throws {
        // It stays until the end: a cluster's id is made of its address in memory, which must not be used again.
        let first = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: first.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            for value in 0..<30 { try await world.change(.v7(), "\(value)") }
            try await eventually("the effects", within: .seconds(60)) { try await world.effects().count == 30 }
            await world.stop()
            first.setDown(true)
            // Changes while there is no broker; then another one, which knows nothing.
            let second = try MockBroker()
            let after = try await World(database, broker: second.address)
            for value in 30..<60 { try await after.change(.v7(), "\(value)") }
            after.startRelay()
            after.startConsumer([World.noteEffect])
            try await eventually("the later effects", within: .seconds(60)) { try await after.effects().count == 60 }
            try await eventually("that all was sent again", within: .seconds(30)) {
                after.metrics.text().contains("outbox_resent_total 30")
            }
            try await eventually("an empty outbox", within: .seconds(30)) {
                try await after.count("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0
            }
            #expect(try await after.effects().count == 60)
            await after.stop()
        }
    }

    @Test("dead letters are tried again by their own group alone, each once for each time it is sent back")
    func replay() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            try await world.postgres.script("CREATE TABLE healed (yes boolean)")
            world.startRelay()
            let handler = Subscription.on(ProjectChanged.self) { event, tx in
                if try await tx.query("SELECT 1 FROM healed").isEmpty { throw EventRejected("not healed") }
                try await tx.execute(
                    "INSERT INTO effect (key, value) VALUES (\(event.subject), \(event.payload.title))")
            }
            world.startConsumer([handler])
            // Another group handles the same events at once, and must not see them again.
            world.startConsumer(group: "other", [World.noteEffect])
            for value in 0..<3 { try await world.change(.v7(), "\(value)") }
            try await eventually("the other group's effects", within: .seconds(60)) {
                try await world.effects().count == 3
            }
            try await eventually("the dead letters", within: .seconds(60)) {
                try await world.count("SELECT count(*) FROM outbox WHERE topic LIKE '%.dlq.g' AND sent_at IS NOT NULL")
                    == 3
            }
            func depth() async throws -> Int64? {
                try await DeadLetters.depths(
                    of: [Topic.projectEvents.rawValue, "atelier.absent.v1"], group: "g", settings: world.settings,
                    logger: Logger(service: "test", sink: MemoryLogSink()))[Topic.projectEvents.rawValue]
            }
            #expect(try await depth() == 3)
            try await world.postgres.execute("INSERT INTO healed VALUES (true)")
            let count = try await DeadLetters.replay(
                topic: Topic.projectEvents.rawValue, group: "g", settings: world.settings,
                logger: Logger(service: "test", sink: MemoryLogSink()))
            #expect(count == 3)
            try await eventually("the effects of the replay", within: .seconds(60)) {
                try await world.effects().count == 6
            }
            // Whoever asks again finds nothing left.
            let more = try await DeadLetters.replay(
                topic: Topic.projectEvents.rawValue, group: "g", settings: world.settings,
                logger: Logger(service: "test", sink: MemoryLogSink()))
            #expect(more == 0)
            #expect(try await depth() == 0)
            #expect(try await world.effects().count == 6)
            await world.stop()
        }
    }

    @Test("while there is no broker, the age of the oldest event is told")
    func oldest() async throws {
        try await withTestDatabase { database in
            let world = try await World(database, broker: "127.0.0.1:1")
            try await world.postgres.execute(
                """
                INSERT INTO outbox (event_id, topic, key, headers, value, created_at)
                VALUES (\(UUID.v7()), 'atelier.project.events.v1', 'k', '{}', '', now() - interval '1 hour')
                """)
            world.startRelay()
            try await eventually("the gauge", within: .seconds(60)) {
                let text = world.metrics.text()
                return text.contains("\noutbox_waiting 1\n") && text.contains("\noutbox_oldest_age_seconds 36")
            }
            #expect(world.metrics.text().contains("\noutbox_refused_total 0\n"))
            await world.stop()
        }
    }

    @Test("a row that Kafka refuses for good holds up no other, and keeps the reason")
    func refused() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            try await world.postgres.execute(
                """
                INSERT INTO outbox (event_id, topic, key, headers, value)
                VALUES (\(UUID.v7()), 'atelier.project.events.v1', 'k', '{}', \(Data(count: 9 << 20)))
                """)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            for value in 0..<5 { try await world.change(.v7(), "\(value)") }
            try await eventually("the effects", within: .seconds(60)) { try await world.effects().count == 5 }
            #expect(try await world.count("SELECT count(*) FROM outbox WHERE failure LIKE '%too_large%'") == 1)
            // An event may come back before the relay has noted that it was sent.
            try await eventually("all is noted") {
                try await world.count("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0
            }
            await world.stop()
        }
    }

    /// Messages that no consumer can handle, each in another way.
    static func poisons() throws -> [KafkaRecord] {
        let topic = Topic.projectEvents.rawValue
        let envelope = try EventEnvelope(World.event(.v7(), "x"), source: "test", key: "k", trace: nil)
        func headers(_ change: (inout [String: String]) -> Void = { _ in }) -> [KafkaRecord.Header] {
            var all = Dictionary(envelope.headers.map { ($0.name, $0.value) }) { $1 }
            all["ce_id"] = UUID.v7().text
            change(&all)
            return all.map { KafkaRecord.Header($0.key, Data($0.value.utf8)) }
        }
        let key = Data("k".utf8)
        return [
            KafkaRecord(topic: topic, key: key, headers: headers(), value: envelope.payload.dropLast(3)),
            KafkaRecord(
                topic: topic, key: key, headers: headers(), value: Data((0..<200).map { _ in .random(in: 0...255) })),
            KafkaRecord(topic: topic, key: key, headers: headers(), value: Data()),
            KafkaRecord(topic: topic, key: key, headers: [], value: envelope.payload),
            KafkaRecord(topic: topic, key: key, headers: headers { $0["ce_id"] = "7" }, value: envelope.payload),
            KafkaRecord(
                topic: topic, key: key, headers: headers { $0["ce_specversion"] = "9" }, value: envelope.payload),
            KafkaRecord(
                topic: topic, key: key, headers: headers { $0["ce_type"] = "atelier.project.v2.ProjectChanged" },
                value: envelope.payload),
            KafkaRecord(
                topic: topic, key: key, headers: headers { $0["content-type"] = "application/json" },
                value: envelope.payload),
            KafkaRecord(
                topic: topic, key: Data([0, 0xFF, 0]), headers: headers { $0["ce_type"] = "\0" }, value: Data([0])),
            KafkaRecord(topic: topic, key: key, headers: headers(), value: Data(count: 2 << 20)),
        ]
    }
}
