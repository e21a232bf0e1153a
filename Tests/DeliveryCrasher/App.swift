import Events
import FoundationEssentials
import Lifecycle
import Messaging
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry

/// A service that a test lets die: it writes changes with their events, publishes, consumes, and notes effects. The
/// variable `FAILPOINT` says where it dies.
///
/// With `WRITES=0` it writes nothing, and ends when every event was published and had its effect.
@main
enum App {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let writes = Int(environment["WRITES"] ?? "") ?? 0
        let logger = Logger(service: "crasher", sink: MemoryLogSink())
        let settings = KafkaSettings(
            bootstrapServers: environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "", partitions: 3, replication: 1)
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: environment["DATABASE_URL"] ?? "", poolSize: 8), logger: logger)
        let outbox = Outbox(source: "crasher")
        let producer = try KafkaProducer(settings: settings, logger: logger)
        let consumer = EventConsumer(
            group: "crasher",
            subscriptions: [
                .on(ProjectChanged.self) { event, tx in
                    try await tx.execute(
                        "INSERT INTO effect (id, at) VALUES (\(event.payload.projectID), clock_timestamp())")
                }
            ], settings: settings, outbox: outbox, postgres: postgres, logger: logger)
        let parts: [any Service] = [
            producer, OutboxRelay(outbox: outbox, postgres: postgres, producer: producer, logger: logger), consumer,
        ]
        let tasks = parts.map { part in Task { try await part.run() } }

        try await postgres.execute("INSERT INTO start (at) VALUES (clock_timestamp())")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in 0..<writes / 4 {
                        try await write(number * 4 + worker, postgres, outbox)
                        // Slowly enough for many batches.
                        try await Task.sleep(for: .milliseconds(4))
                    }
                }
            }
            try await group.waitForAll()
        }
        // A failpoint that was not reached yet is waited for; without one, until everything is done.
        while true {
            try await Task.sleep(for: .milliseconds(50))
            let open = try await postgres.query(
                """
                SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL)
                    + (SELECT count(*) FROM change) - (SELECT count(*) FROM effect)
                """)
            if writes == 0, try open[0].decode(Int.self) <= 0 { break }
        }
        for (part, task) in zip(parts, tasks).reversed() {
            await part.stop()
            _ = await task.result
        }
    }

    private static func write(_ number: Int, _ postgres: PostgresClient, _ outbox: Outbox) async throws {
        let id = UUID.v7()
        do {
            try await postgres.withTransaction { tx in
                try await tx.execute("INSERT INTO change (id) VALUES (\(id))")
                try await outbox.append(
                    ProjectChanged(
                        projectID: id, workspaceID: id, ownerID: id, title: "\(number)", status: "draft",
                        change: "created"), in: tx)
                // Every seventh change is undone: its event must never be seen.
                if number % 7 == 3 { throw CancellationError() }
            }
        } catch is CancellationError {}
    }
}
