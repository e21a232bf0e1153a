import Events
import Foundation
import Messaging
import Outbox
import Postgres
import Primitives
import Telemetry
import TestKit
import Testing

/// Where an Apache Kafka for tests is, if there is one.
enum KafkaTool {
    static let script = (ProcessInfo.processInfo.environment["ATELIER_TEST_TOOLS"] ?? "") + "/kafka/kafka"
    static let isAvailable: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: script)
        if !found {
            print("SKIPPED: the outbox over Apache Kafka. ATELIER_TEST_TOOLS names no folder with kafka/kafka.")
        }
        return found
    }()
}

/// The same promises over an Apache Kafka, which makes no topic by itself and keeps what it acknowledged.
@Suite(
    "Outbox over Apache Kafka", .enabled(if: KafkaTool.isAvailable), .serialized, .timeLimit(.minutes(4)))
struct RealKafkaTests {
    @Test("a broker that is killed loses nothing; dead letters get topics of their own")
    func killed() async throws {
        let folder = "/tmp/atelier-outbox-kafka-\(ProcessInfo.processInfo.processIdentifier)"
        let port = Int.random(in: 21_000..<29_000)
        func kafka(_ words: String...) throws {
            try Command.run(KafkaTool.script, words + ["--dir", folder])
        }
        try kafka("start", "--port", "\(port)")
        defer { try? kafka("wipe") }
        try await withTestDatabase { database in
            let world = try await World(database, broker: "127.0.0.1:\(port)")
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let keys = (0..<10).map { _ in UUID.v7() }
            for round in 0..<10 { for key in keys { try await world.change(key, "\(round)") } }
            try await eventually("the first effects", within: .seconds(60)) { try await world.effects().count == 100 }
            try kafka("kill")
            for round in 10..<20 { for key in keys { try await world.change(key, "\(round)") } }
            try kafka("start", "--port", "\(port)")
            // No topic of Apache Kafka takes two megabytes by default: that one cannot come.
            let poisons = try DeliveryTests.poisons().filter { $0.value.count < 900_000 }
            for result in await world.producer.send(poisons) { _ = try result.get() }
            try await eventually("all effects", within: .seconds(90)) { try await world.effects().count >= 200 }
            let effects = try await world.effects()
            #expect(effects.count == 200)
            for key in keys {
                #expect(effects.filter { $0.key == key.text }.compactMap { Int($0.value) } == Array(0..<20))
            }
            try await eventually("the dead letters", within: .seconds(60)) {
                try await world.count("SELECT count(*) FROM outbox WHERE topic LIKE '%.dlq.g' AND sent_at IS NOT NULL")
                    == poisons.count
            }
            let admin = try KafkaAdmin(
                settings: world.settings, logger: Logger(service: "test", sink: MemoryLogSink()))
            let topic = Topic.projectEvents.rawValue
            #expect(try await admin.partitions(of: topic) == 4)
            #expect(try await admin.partitions(of: DeadLetters.topic(topic, group: "g")) == 1)
            await world.stop()
        }
    }
}
