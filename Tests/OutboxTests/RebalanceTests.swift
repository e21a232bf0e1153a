import Events
import FoundationEssentials
import Messaging
import Outbox
import Postgres
import Primitives
import Telemetry
import TestKit
import Testing

/// R10: members of a group come and go while events flow.
@Suite("Rebalancing (R10)", .timeLimit(.minutes(4)))
struct RebalanceTests {
    @Test("nothing is lost and nothing happens twice while members join and leave")
    func storm() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let keys = (0..<20).map { _ in UUID.v7() }
            let writing = Task {
                for round in 0..<60 {
                    for key in keys { try await world.change(key, "\(round)") }
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            // Others come for a while and leave in order.
            for _ in 0..<4 {
                let consumer = world.makeConsumer([World.noteEffect])
                let task = Task { try await consumer.run() }
                try await Task.sleep(for: .seconds(3))
                await consumer.stop()
                try await task.value
            }
            try await writing.value
            try await eventually("all effects", within: .seconds(90)) { try await world.effects().count >= 1200 }
            let effects = try await world.effects()
            #expect(effects.count == 1200)
            for key in keys {
                let values = effects.filter { $0.key == key.text }.compactMap { Int($0.value) }
                #expect(values == Array(0..<60))
            }
            await world.stop()
        }
    }

    @Test("changes go on while the broker is away, and all arrives in order afterwards (R04)")
    func brokerAway() async throws {
        let broker = try MockBroker()
        try await withTestDatabase { database in
            let world = try await World(database, broker: broker.address)
            world.startRelay()
            world.startConsumer([World.noteEffect])
            let keys = (0..<5).map { _ in UUID.v7() }
            for key in keys { try await world.change(key, "0") }
            try await eventually("the first effects", within: .seconds(60)) { try await world.effects().count == 5 }
            broker.setDown(true)
            for round in 1..<40 { for key in keys { try await world.change(key, "\(round)") } }
            #expect(try await world.effects().count == 5)
            broker.setDown(false)
            try await eventually("the others", within: .seconds(60)) { try await world.effects().count >= 200 }
            let effects = try await world.effects()
            #expect(effects.count == 200)
            for key in keys {
                #expect(effects.filter { $0.key == key.text }.compactMap { Int($0.value) } == Array(0..<40))
            }
            await world.stop()
        }
    }
}
