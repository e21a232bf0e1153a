import Events
import FoundationEssentials
import Lifecycle
import Messaging
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry

/// One process that changes, publishes, consumes and notes effects, as two services would.
final class EventBench: Sendable {
    private struct Times {
        /// Changes of this run whose effect is not there yet. The topic may hold events of earlier runs.
        var begun: Set<UUID> = []
        var committed: [UUID: ContinuousClock.Instant] = [:]
        var latencies: [Double] = []
        var lastEffect = ContinuousClock.now
        var asked = 0
    }

    private let postgres: PostgresClient
    private let outbox = Outbox(source: "bench")
    private let settings: KafkaSettings
    private let logger = Logger(service: "bench", sink: MemoryLogSink())
    private let times = Mutex(Times())

    init(database: String, kafka: String) throws {
        settings = KafkaSettings(bootstrapServers: kafka, partitions: 6, replication: 1)
        postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: database, poolSize: 16), logger: logger)
    }

    /// What was measured.
    struct Report: Encodable {
        let asked: Double
        let events: Int
        let perSecond: Double
        let p50Ms: Double
        let p99Ms: Double
        let maxMs: Double
    }

    func run(rate: Double, seconds: Double) async throws -> String {
        try await postgres.script(
            "DROP TABLE IF EXISTS change, effect, outbox, outbox_cluster, outbox_lease, inbox, inbox_parked, schema_migration CASCADE"
        )
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await postgres.script(
            "CREATE TABLE change (id uuid PRIMARY KEY); CREATE TABLE effect (id uuid PRIMARY KEY, value text)")
        let producer = try KafkaProducer(settings: settings, logger: logger)
        let relay = OutboxRelay(outbox: outbox, postgres: postgres, producer: producer, logger: logger)
        let consumer = EventConsumer(
            group: "bench-\(UUID.v7().text)",
            subscriptions: [.on(ProjectChanged.self) { [self] event, tx in try await note(event, tx) }],
            settings: settings, outbox: outbox, postgres: postgres, logger: logger)
        let parts: [any Service] = [producer, relay, consumer]
        let tasks = parts.map { part in Task { try await part.run() } }

        // Some events first, on all partitions: the group has joined, and what lay there from before is read, when the
        // effects of all are there.
        for _ in 0..<100 { try await change() }
        while times.withLock({ !$0.begun.isEmpty }) { try await Task.sleep(for: .milliseconds(20)) }
        times.withLock { $0 = Times() }

        let start = ContinuousClock.now
        let workers = rate > 0 ? max(4, Int(rate / 50)) : 64
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask { [self] in
                    var next = start + .seconds(Double(worker) / max(1, rate))
                    while ContinuousClock.now - start < .seconds(seconds) {
                        if rate > 0 {
                            try await Task.sleep(until: next, clock: .continuous)
                            next += .seconds(Double(workers) / rate)
                        }
                        try await change()
                        times.withLock { $0.asked += 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = times.withLock { $0.asked }
        let deadline = ContinuousClock.now + .seconds(60)
        while times.withLock({ $0.latencies.count }) < count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        let (latencies, last) = times.withLock { ($0.latencies.sorted(), $0.lastEffect) }
        for (part, task) in zip(parts, tasks).reversed() {
            await part.stop()
            _ = await task.result
        }
        func quantile(_ share: Double) -> Double {
            latencies.isEmpty ? 0 : latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))]
        }
        return try JSON.text(
            Report(
                asked: rate, events: latencies.count, perSecond: Double(latencies.count) / (last - start).seconds,
                p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: latencies.last ?? 0))
    }

    private func change() async throws {
        let id = UUID.v7()
        times.withLock { _ = $0.begun.insert(id) }
        try await postgres.withTransaction { tx in
            try await tx.execute("INSERT INTO change (id) VALUES (\(id))")
            _ = try await outbox.append(
                ProjectChanged(
                    projectID: id, workspaceID: id, ownerID: id, title: "bench", status: "draft", change: "created"),
                in: tx)
            tx.onCommit { [self] in times.withLock { $0.committed[id] = .now } }
        }
    }

    private func note(_ event: Event<ProjectChanged>, _ tx: PostgresTransaction) async throws {
        let id = event.payload.projectID
        guard times.withLock({ $0.begun.contains(id) }) else { return }
        try await tx.execute("INSERT INTO effect (id, value) VALUES (\(id), \(event.payload.title))")
        tx.onCommit { [self] in
            times.withLock { times in
                // The effect may be noticed before the change's own commit is: then it took no time to speak of.
                let start = times.committed.removeValue(forKey: id)
                times.begun.remove(id)
                times.lastEffect = .now
                times.latencies.append(start.map { (ContinuousClock.now - $0).seconds * 1000 } ?? 0)
            }
        }
    }
}
