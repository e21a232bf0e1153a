import FoundationEssentials
import Jobs
import Lifecycle
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit

let quiet = Logger(service: "test", sink: MemoryLogSink())

/// A store on a database of its own, which keeps each change that it was told of.
struct Bench: Sendable {
    let client: PostgresClient
    let store: JobStore
    let changes: Changes

    final class Changes: Sendable {
        private let seen = Mutex<[(UUID, JobStatus, Int)]>([])
        func keep(_ job: Job) { seen.withLock { $0.append((job.id, job.status, job.progress)) } }
        /// The statuses in their order; a report of progress between does not repeat one.
        func statuses(of id: UUID) -> [JobStatus] {
            seen.withLock { $0.filter { $0.0 == id }.map(\.1) }
                .reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
        func progress(of id: UUID) -> [Int] { seen.withLock { $0.filter { $0.0 == id }.map(\.2) } }
    }

    func enqueue(_ request: JobRequest) async throws {
        _ = try await client.withTransaction { try await store.enqueue(request, in: $0) != nil }
    }

    func job(_ request: JobRequest) async throws -> Job? {
        try await store.job(request.id, workspaceID: request.workspaceID)
    }

    /// Waits until a job has come to a status.
    func wait(for request: JobRequest, _ status: JobStatus) async throws {
        try await eventually("\(status)") { try await job(request)?.status == status }
    }

    func runner(
        slots: Int = 2, lease: Duration = .seconds(30), grace: Duration = .milliseconds(200),
        _ handler: @escaping JobRunner.Handler
    ) -> JobRunner {
        var timing = JobRunner.Timing()
        timing.lease = lease
        timing.poll = .milliseconds(50)
        timing.grace = grace
        timing.backoff = Backoff(base: .milliseconds(1), maximum: .milliseconds(2))
        return JobRunner(store: store, slots: slots, handlers: ["test": handler], timing: timing, logger: quiet)
    }

    /// Runs a runner for as long as `body` does.
    func with<T: Sendable>(_ runner: JobRunner, _ body: () async throws -> T) async throws -> T {
        try await withRunning([runner], body)
    }
}

func withBench<T: Sendable>(_ body: (Bench) async throws -> T) async throws -> T {
    try await withTestDatabase { database in
        let client = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, acquireTimeout: .seconds(60)), logger: quiet)
        try await Migrator.apply(Jobs.migrations, module: "jobs", on: client)
        let changes = Bench.Changes()
        let store = JobStore(client) { job, _ in changes.keep(job) }
        return try await withRunning([client]) {
            try await body(Bench(client: client, store: store, changes: changes))
        }
    }
}

func request(_ workspace: UUID = .v7(), priority: Int = 0, deadline: Date? = nil, maxAttempts: Int = 3) -> JobRequest {
    JobRequest(
        kind: "test", workspaceID: workspace, payload: ["n": 1], priority: priority, deadline: deadline,
        maxAttempts: maxAttempts)
}
