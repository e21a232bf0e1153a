import CKafka
import Foundation
import Lifecycle
import Messaging
import Synchronization
import Telemetry
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct MockBrokerTests {
    /// What was read ahead counts too: it is not handled.
    @Test func lagCountsWhatIsNotHandledYetAndTellsItsAge() async throws {
        let broker = try MockBroker()
        try broker.topic("t")
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<50, "t", producer).isEmpty)
        let isFree = AsyncTrigger()
        let reader = Reader(broker.settings, group: "g", topic: "t", batchLimit: 5) { _ in await isFree.wait() }
        try await eventually("all lag") { reader.lag == 50 }
        // The age is that of what is in hand, which may come a moment after the lag is known.
        try await eventually("an age") {
            MetricsRegistry.shared.text().split(separator: "\n").contains {
                $0.hasPrefix("kafka_consumer_lag_seconds{") && (Double($0.split(separator: " ")[1]) ?? 0) > 0
            }
        }
        isFree.fire()
        try await reader.has(50)
        try await eventually("no lag") { reader.lag == 0 }
        try await reader.stop()
    }

    @Test func recordsArriveOnceAndInOrderWithinAKey() async throws {
        let broker = try MockBroker()
        try broker.topic("t")
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<5000, "t", producer).isEmpty)
        let reader = Reader(broker.settings, group: "g", topic: "t")
        try await reader.has(5000)
        #expect(reader.numbers.count == 5000)
        #expect(reader.partitions.count == 3)
        for (_, numbers) in reader.byKey { #expect(numbers == numbers.sorted()) }
        try await reader.stop()
    }

    @Test func headersKeyAndEmptyValueComeBack() async throws {
        let broker = try MockBroker()
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        let got = Mutex<[ReceivedRecord]>([])
        let consumer = KafkaConsumer(settings: broker.settings, group: "g", topics: ["h"], logger: .quiet) { batch in
            got.withLock { $0 += batch }
        }
        let task = Task { try await consumer.run() }
        // The mock broker makes topics when they are asked for.
        let position = try await producer.send(
            KafkaRecord(
                topic: "h", key: Data("schlüssel".utf8), headers: [.init("a", Data([0, 255])), .init("a", Data())],
                value: Data()))
        #expect(position.offset == 0)
        let record = try await eventually { got.withLock { $0.first } }
        #expect(record.key == Data("schlüssel".utf8))
        #expect(record.headers == [.init("a", Data([0, 255])), .init("a", Data())])
        #expect(record.value?.isEmpty ?? true)
        await consumer.stop()
        try await task.value
    }

    @Test func whatAHandlerRefusesComesAgainAndNothingIsSkipped() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<100, "t", producer).isEmpty)
        let failures = Mutex(3)
        let reader = Reader(broker.settings, group: "g", topic: "t", batchLimit: 10) { batch in
            let fails =
                batch.contains { $0.offset == 50 }
                && failures.withLock {
                    $0 -= 1; return $0 >= 0
                }
            if fails { throw KafkaError(.broker, "made up", isRetriable: true) }
        }
        try await reader.has(100)
        #expect(reader.numbers == Array(0..<100))
        try await reader.stop()
        // The offsets are stored: the next member of the group begins behind them.
        #expect(await send(100..<110, "t", producer).isEmpty)
        let next = Reader(broker.settings, group: "g", topic: "t")
        try await next.has(10)
        #expect(next.numbers == Array(100..<110))
        try await next.stop()
    }

    @Test func whatWasNotHandledIsReadByTheNextMember() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<20, "t", producer).isEmpty)
        let stuck = Reader(broker.settings, group: "g", topic: "t") { _ in
            throw KafkaError(.broker, "always", isRetriable: true)
        }
        try await eventually { stuck.assigned == 1 }
        try await stuck.stop()
        let next = Reader(broker.settings, group: "g", topic: "t")
        try await next.has(20)
        #expect(next.numbers == Array(0..<20))
        try await next.stop()
    }

    @Test func aSlowPartitionHoldsUpNoOther() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 3)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<6000, "t", producer).isEmpty)
        let gate = AsyncGate()
        let slow = Mutex<Int32?>(nil)
        let reader = Reader(broker.settings, group: "g", topic: "t") { batch in
            let isSlow = slow.withLock { chosen in
                if chosen == nil { chosen = batch[0].partition }
                return chosen == batch[0].partition
            }
            if isSlow { await gate.wait() }
        }
        let counts = (0..<6000).reduce(into: [Int: Int]()) { $0[$1 % 10, default: 0] += 1 }
        #expect(counts.count == 10)
        // All partitions but the slow one are read to the end, far beyond what one partition may hold back.
        try await eventually("the other partitions", within: .seconds(30)) { reader.numbers.count >= 2000 }
        #expect(reader.partitions.isDisjoint(with: slow.withLock { $0 }.map { [$0] } ?? []))
        await gate.open()
        try await reader.has(6000)
        #expect(reader.numbers.count == 6000)
        try await reader.stop()
    }

    @Test func refusalsOfTheBrokerAreRetriedInOrder() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        broker.fail(
            0,
            [
                RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
                RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            ])
        #expect(await send(0..<1000, "t", producer, batch: 100).isEmpty)
        let reader = Reader(broker.settings, group: "g", topic: "t")
        try await reader.has(1000)
        #expect(reader.numbers == Array(0..<1000))
        try await reader.stop()
    }

    @Test func recordsWaitForABrokerThatIsAway() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<10, "t", producer).isEmpty)
        broker.setDown(true)
        let sending = Task { await send(10..<200, "t", producer, batch: 50) }
        try await eventually { producer.queued > 0 }
        broker.setDown(false)
        #expect(await sending.value.isEmpty)
        let reader = Reader(broker.settings, group: "g", topic: "t")
        try await reader.has(200)
        #expect(reader.numbers == Array(0..<200))
        try await reader.stop()
    }

    @Test func aCancelledSendIsAnsweredAtOnce() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 1)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        #expect(await send(0..<1, "t", producer).isEmpty)
        broker.setDown(true)
        let sending = Task { await send(1..<2, "t", producer) }
        try await eventually { producer.queued > 0 }
        sending.cancel()
        #expect(await sending.value.map(\.code) == [.stopped])
    }

    @Test func aWrongSettingIsNamed() throws {
        var settings = KafkaSettings(bootstrapServers: "127.0.0.1:1")
        settings.securityProtocol = "ssl"
        settings.caFile = "/nonexistent/ca.pem"
        #expect { try KafkaProducer(settings: settings, logger: .quiet) } throws: {
            ($0 as? KafkaError)?.code == .configuration
        }
    }

    @Test func aRecordThatIsTooLargeFailsForGood() async throws {
        let broker = try MockBroker()
        try broker.topic("t")
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        let results = await producer.send(
            [
                .numbered(1, "t"),
                KafkaRecord(topic: "t", key: Data(), headers: [], value: Data(count: 9 << 20)), .numbered(2, "t"),
            ])
        let errors = results.map { result -> KafkaError.Code? in
            if case .failure(let error) = result { error.code } else { nil }
        }
        #expect(errors == [nil, .tooLarge, nil])
    }

    @Test func twoMembersShareThePartitionsAndNothingIsLostWhenOneLeaves() async throws {
        let broker = try MockBroker()
        try broker.topic("t", partitions: 4)
        let producer = try KafkaProducer(settings: broker.settings, logger: .quiet)
        let first = Reader(broker.settings, group: "g", topic: "t")
        try await eventually(within: .seconds(30)) { first.assigned == 4 }
        let second = Reader(broker.settings, group: "g", topic: "t")
        try await eventually("both have two", within: .seconds(60)) { first.assigned == 2 && second.assigned == 2 }
        #expect(await send(0..<400, "t", producer).isEmpty)
        try await eventually { Set(first.numbers + second.numbers).count == 400 }
        try await first.stop()
        #expect(await send(400..<800, "t", producer).isEmpty)
        try await eventually("the rest", within: .seconds(60)) { Set(first.numbers + second.numbers).count == 800 }
        #expect(first.numbers.count + second.numbers.count == 800)
        try await second.stop()
    }
}

/// Lets everybody wait until it is opened.
actor AsyncGate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        if !isOpen { await withCheckedContinuation { waiters.append($0) } }
    }

    func open() {
        isOpen = true
        waiters.forEach { $0.resume() }
        waiters = []
    }
}
