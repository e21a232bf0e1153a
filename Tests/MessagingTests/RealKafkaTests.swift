import Foundation
import Messaging
import TestKit
import Testing

@Suite(.serialized, .enabled(if: RealKafka.isAvailable), .timeLimit(.minutes(5))) struct RealKafkaTests {
    @Test func nothingIsLostOrDoubledWhenTheBrokerIsKilled() async throws {
        let kafka = try RealKafka()
        let producer = try KafkaProducer(settings: kafka.settings, logger: .quiet)
        #expect(await send(0..<5_000, "t", producer).isEmpty)
        let reader = Reader(kafka.settings, group: "g", topic: "t")
        try await reader.has(1000)
        try kafka.kill()
        let sending = Task { await send(5_000..<20_000, "t", producer) }
        try await eventually { producer.queued > 0 }
        try kafka.start()
        #expect(await sending.value.isEmpty)
        try await reader.has(20_000, within: .seconds(90))
        #expect(reader.partitions.count == 6, "topics are made with six partitions")
        // Offsets that were stored but not yet committed when the broker died are read again: the inbox's business. What
        // counts here is the log: a second group sees each record once, in order.
        try await reader.stop()
        let second = Reader(kafka.settings, group: "h", topic: "t")
        try await second.has(20_000, within: .seconds(60))
        #expect(second.numbers.count == 20_000)
        for (_, numbers) in second.byKey { #expect(numbers == numbers.sorted()) }
        try await second.stop()
    }

    @Test func threeBrokersGoOnWithoutOne() async throws {
        let kafka = try RealKafka(brokers: 3, set: ["min.insync.replicas=2"])
        let producer = try KafkaProducer(settings: kafka.settings, logger: .quiet)
        #expect(await send(0..<2_000, "t", producer).isEmpty)
        let reader = Reader(kafka.settings, group: "g", topic: "t")
        try await reader.has(2_000)
        try kafka.kill(broker: 1)
        #expect(await send(2_000..<6_000, "t", producer).isEmpty)
        try await reader.has(6_000, within: .seconds(90))
        try await reader.stop()
    }

    @Test func aPasswordIsAskedFor() async throws {
        let kafka = try RealKafka(user: "atelier", password: "right")
        let producer = try KafkaProducer(settings: kafka.settings, logger: .quiet)
        #expect(await send(0..<100, "t", producer).isEmpty)
        let reader = Reader(kafka.settings, group: "g", topic: "t")
        try await reader.has(100)
        try await reader.stop()
        var wrong = kafka.settings
        wrong.password = "wrong"
        let refused = try KafkaProducer(settings: wrong, logger: .quiet)
        await #expect(throws: KafkaError.self) { try await refused.clusterID(within: .seconds(3)) }
        let sending = await refused.send([.numbered(1, "t")])
        #expect(throws: KafkaError.self) { try sending[0].get() }
    }
}
