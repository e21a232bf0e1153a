import Events
import FoundationEssentials
import Lifecycle
import Messaging
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit

/// A service with an outbox, a relay and a consumer, over a real database and a broker.
final class World: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox
    let settings: KafkaSettings
    let producer: KafkaProducer
    private let logger = Logger(service: "test", sink: MemoryLogSink())
    private let parts = Mutex<[(part: any Service, task: Task<Void, any Error>)]>([])
    let metrics = MetricsRegistry()

    init(_ database: TestDatabase, broker: String, faults: DeliveryFaults = .none) async throws {
        settings = KafkaSettings(bootstrapServers: broker, partitions: 4, replication: 1)
        postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, poolSize: 8), logger: logger)
        outbox = Outbox(source: "test", faults: faults)
        producer = try KafkaProducer(settings: settings, logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await postgres.script(
            "CREATE TABLE IF NOT EXISTS effect (n bigserial PRIMARY KEY, key text NOT NULL, value text NOT NULL)")
        start(producer)
    }

    func start(_ part: any Service) {
        let task = Task { try await part.run() }
        parts.withLock { $0.append((part, task)) }
    }

    func startRelay(pace: Duration = .zero) {
        var options = OutboxRelay.Options()
        options.pace = pace
        options.clusterCheck = .milliseconds(300)
        start(
            OutboxRelay(
                outbox: outbox, postgres: postgres, producer: producer, options: options, logger: logger,
                metrics: metrics))
    }

    func makeConsumer(
        group: String = "g", faults: DeliveryFaults = .none, attempts: Int = 4, pace: Duration = .zero,
        _ subscriptions: [Subscription]
    ) -> EventConsumer {
        var options = EventConsumer.Options()
        options.pace = pace
        options.attempts = attempts
        options.backoff = Backoff(base: .milliseconds(20), maximum: .milliseconds(100))
        return EventConsumer(
            group: group, subscriptions: subscriptions, settings: settings, outbox: outbox, postgres: postgres,
            faults: faults, options: options, logger: logger, metrics: metrics)
    }

    func startConsumer(
        group: String = "g", faults: DeliveryFaults = .none, attempts: Int = 4, pace: Duration = .zero,
        _ subscriptions: [Subscription]
    ) {
        start(makeConsumer(group: group, faults: faults, attempts: attempts, pace: pace, subscriptions))
    }

    /// Notes each event as an effect in the handler's transaction.
    static let noteEffect = Subscription.on(ProjectChanged.self) { event, tx in
        try await tx.execute(
            "INSERT INTO effect (key, value) VALUES (\(event.subject), \(event.payload.title))")
    }

    func change(_ project: UUID, _ title: String) async throws {
        try await postgres.withTransaction { tx in _ = try await outbox.append(Self.event(project, title), in: tx) }
    }

    static func event(_ project: UUID, _ title: String) -> ProjectChanged {
        ProjectChanged(
            projectID: project, workspaceID: project, ownerID: project, title: title, status: "draft",
            change: "updated")
    }

    func effects() async throws -> [(key: String, value: String)] {
        try await postgres.query("SELECT key, value FROM effect ORDER BY n").map {
            let (key, value) = try $0.decode((String, String).self)
            return (key, value)
        }
    }

    func count(_ query: PostgresQuery) async throws -> Int {
        try await postgres.query(query).first?.decode(Int.self) ?? 0
    }

    func stop() async {
        let parts = parts.withLock { $0 }
        for (part, task) in parts.reversed() {
            await part.stop()
            _ = await task.result
        }
        await postgres.stop()
    }
}
