import Events
import FoundationEssentials
import HTTP
import Jobs
import Lifecycle
import Messaging
import Outbox
import Postgres
import Primitives
import ServiceKit
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import ProjectService

/// The service and a worker of an echo, each with its own schema, outbox, relay and consumer, over a broker.
@Suite struct PipelineTests {
    private let logger = Logger(service: "test", sink: MemoryLogSink())

    /// Parts that run until the test ends.
    private final class Running: Sendable {
        private let parts = Mutex<[(part: any Service, task: Task<Void, any Error>)]>([])

        func start(_ part: any Service) {
            let task = Task { try await part.run() }
            parts.withLock { $0.append((part, task)) }
        }

        func stop() async {
            for (part, task) in parts.withLock({ $0 }).reversed() {
                await part.stop()
                _ = await task.result
            }
        }
    }

    private func startWorker(_ bench: Bench, _ settings: KafkaSettings, _ running: Running) async throws {
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(
                url: bench.url, schema: "ml", poolSize: 10, acquireTimeout: .seconds(60)), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await Migrator.apply(Jobs.migrations, module: "jobs", on: postgres)
        let outbox = Outbox(source: "ml-worker")
        let desk = WorkDesk(worker: .mlWorker, kinds: ["echo"], postgres: postgres, outbox: outbox)
        let producer = try KafkaProducer(settings: settings, logger: logger)
        running.start(postgres)
        running.start(producer)
        running.start(OutboxRelay(outbox: outbox, postgres: postgres, producer: producer, logger: logger))
        running.start(
            JobRunner(store: desk.store, slots: 8, handlers: ["echo": { job, _ in job.payload }], logger: logger))
        running.start(
            EventConsumer(
                group: "ml-worker", subscriptions: desk.subscriptions, settings: settings, outbox: outbox,
                postgres: postgres, logger: logger))
    }

    /// Small by default; `ATELIER_BENCH_RUNS=500` in a release build measures.
    @Test func runsGoThroughTheBrokerToAWorkerAndBack() async throws {
        let count = Int(ProcessInfo.processInfo.environment["ATELIER_BENCH_RUNS"] ?? "") ?? 20
        let broker = try MockBroker()
        let settings = KafkaSettings(bootstrapServers: broker.address, partitions: 6, replication: 1)
        try await withBench { bench in
            let running = Running()
            let producer = try KafkaProducer(settings: settings, logger: logger)
            running.start(producer)
            running.start(
                OutboxRelay(outbox: bench.outbox, postgres: bench.postgres, producer: producer, logger: logger))
            running.start(
                EventConsumer(
                    group: "project",
                    subscriptions: [
                        .on(WorkChanged.self) { event, tx in
                            try await bench.parts.take(event.payload, at: event.time, in: tx)
                        }
                    ], settings: settings, outbox: bench.outbox, postgres: bench.postgres, logger: logger))
            running.start(RunTimer(driver: bench.parts.driver, postgres: bench.postgres).part(logger: logger))
            try await startWorker(bench, settings, running)
            let person = Bench.Person()
            let project = try await bench.project(of: person)
            func start(_ count: Int) async throws {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for index in 0..<count {
                        group.addTask {
                            try await bench.send(
                                .POST, "/api/v1/workflows/relay/runs", as: person,
                                ["projectId": .string(project), "input": ["value": .int(Int64(index))]]
                            ).status
                        }
                    }
                    for try await status in group { #expect(status == 202) }
                }
            }
            func end(_ count: Int) async throws {
                try await eventually("every run ends", within: .seconds(180)) {
                    try await bench.postgres.query("SELECT count(*) FROM run WHERE status = 'succeeded'")[0]
                        .decode(Int.self) == count
                }
            }
            // The consumers join their groups; that is no part of the measure.
            try await start(1)
            try await end(1)
            let elapsed = try await ContinuousClock().measure {
                try await start(count)
                try await end(count + 1)
            }
            print("pipeline: \(Int(Double(count) / elapsed.seconds)) five-step runs/s to their end")
            await running.stop()
        }
    }
}
