import Foundation
import Messaging
import Synchronization
import TestKit

/// A consumer in a task, and what it handled.
final class Reader: Sendable {
    private struct State {
        var numbers: [Int] = []
        var byKey: [String: [Int]] = [:]
        var partitions: Set<Int32> = []
    }

    private let state = Mutex(State())
    private let consumer: Mutex<KafkaConsumer?> = Mutex(nil)
    private let task: Mutex<Task<Void, any Error>?> = Mutex(nil)

    init(
        _ settings: KafkaSettings, group: String, topic: String, batchLimit: Int = 200,
        before: @escaping @Sendable ([ReceivedRecord]) async throws -> Void = { _ in }
    ) {
        let made = KafkaConsumer(
            settings: settings, group: group, topics: [topic], batchLimit: batchLimit, logger: .quiet
        ) { [weak self] batch in
            try await before(batch)
            self?.note(batch)
        }
        consumer.withLock { $0 = made }
        task.withLock { $0 = Task { try await made.run() } }
    }

    private func note(_ batch: [ReceivedRecord]) {
        state.withLock { state in
            for record in batch {
                let number = Int(String(decoding: record.value ?? Data(), as: UTF8.self)) ?? -1
                state.numbers.append(number)
                state.byKey[String(decoding: record.key ?? Data(), as: UTF8.self), default: []].append(number)
                state.partitions.insert(record.partition)
            }
        }
    }

    var numbers: [Int] { state.withLock { $0.numbers } }
    var byKey: [String: [Int]] { state.withLock { $0.byKey } }
    var partitions: Set<Int32> { state.withLock { $0.partitions } }
    var assigned: Int { consumer.withLock { $0?.assignedPartitions ?? 0 } }
    var lag: Int64 { consumer.withLock { $0?.lag().values.reduce(0, +) ?? 0 } }

    func stop() async throws {
        await consumer.withLock { $0 }?.stop()
        try await task.withLock { $0 }?.value
    }

    /// Waits until as many different numbers were handled.
    func has(_ count: Int, within limit: Duration = .seconds(40)) async throws {
        try await eventually("\(count) records", within: limit) { Set(numbers).count >= count }
    }
}

/// Sends numbered records; returns the errors.
func send(_ range: Range<Int>, _ topic: String, _ producer: KafkaProducer, batch: Int = 500) async -> [KafkaError] {
    var errors: [KafkaError] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: batch) {
        let results = await producer.send(
            (start..<min(start + batch, range.upperBound)).map { .numbered($0, topic) })
        for case .failure(let error) in results { errors.append(error) }
    }
    return errors
}
