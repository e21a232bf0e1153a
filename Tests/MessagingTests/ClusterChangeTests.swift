import Foundation
import Messaging
import Synchronization
import TestKit
import Testing

/// A broker that lost its log comes back as another cluster: what is written there must be read from its beginning,
/// though the consumer had been further in the old log.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClusterChangeTests {
    @Test func bothSidesBeginAnew() async throws {
        let door = try PortRelay()
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:\(door.port)")
        // It stays until the end: a cluster's id is made of its address in memory, which must not be used again.
        let broker = try MockBroker()
        door.lead(to: broker.port)
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: settings, logger: .quiet)
        let before = try await producer.clusterID()
        #expect(await send(0..<50, "t", producer).isEmpty)
        let reader = Reader(settings, group: "g", topic: "t")
        try await reader.has(50)

        broker.setDown(true)
        // Before a client sees the new cluster it holds more records than the consumer had read of the old one.
        let second = try MockBroker()
        try second.topic("t", partitions: 1)
        let seed = try KafkaProducer(settings: second.settings, logger: .quiet)
        #expect(await send(1000..<1100, "t", seed).isEmpty)
        door.lead(to: second.port)
        let after = try await eventually("the new id", within: .seconds(40)) { () -> String? in
            let id = try? await producer.clusterID(within: .seconds(1))
            return id == before ? nil : id
        }
        #expect(after != before)
        #expect(await send(1100..<1200, "t", producer).isEmpty)
        try await eventually("all of the new log", within: .seconds(60)) {
            Set(reader.numbers).isSuperset(of: 1000..<1200)
        }
        try await reader.stop()
        withExtendedLifetime(broker) {}
    }
}
