internal import FoundationEssentials
internal import Glibc
public import Lifecycle
internal import Postgres
public import Primitives
internal import Synchronization
public import Telemetry

/// Does the jobs of a store, several at a time: claims them with a lease, renews it, and writes how they end.
///
/// Any number of runners share a table. A runner that dies loses its leases to the others; one that was only slow finds
/// its fence outdated, and what it writes has no effect. ``stop()`` gives what is under way some time, then gives it back.
public final class JobRunner: Service {
    /// Does one job and returns its output. Throws ``JobFailure`` where it cannot; another error counts as retriable.
    public typealias Handler = @Sendable (Job, JobContext) async throws -> JSONValue

    /// How a runner behaves in time.
    public struct Timing: Sendable {
        /// How long a job stays with a runner that says nothing.
        public var lease: Duration = .seconds(30)
        /// How often an idle runner looks for jobs that others enqueued.
        public var poll: Duration = .seconds(1)
        /// How long jobs may go on after a stop was asked for.
        public var grace: Duration = .seconds(5)
        /// How long jobs that ended are kept.
        public var kept: Duration = .seconds(30 * 86_400)
        /// The waits between tries.
        public var backoff = Backoff(base: .seconds(1), maximum: .seconds(300))
        /// The defaults.
        public init() {}
    }

    private struct Running {
        let context: JobContext
        /// The handler alone: cancelled with its job, while the task that writes how it ended lives on.
        let task: Task<JSONValue, any Error>
    }

    /// The name in logs.
    public let name: String
    private let store: JobStore
    private let slots: Int
    private let handlers: [String: Handler]
    private let timing: Timing
    private let logger: Logger
    private let owner: String
    private let running = Mutex<[UUID: Running]>([:])
    private let stopping = AsyncTrigger()
    private let bell = Bell()
    private let turns = Mutex(Turns())
    private let errorRates = Mutex(ErrorRates())

    /// - Parameters:
    ///   - slots: jobs at a time.
    ///   - handlers: by kind; jobs of other kinds are left to other runners.
    public init(
        store: JobStore, slots: Int, handlers: [String: Handler], timing: Timing = Timing(), logger: Logger,
        name: String = "jobs"
    ) {
        self.name = name
        self.store = store
        self.slots = max(1, slots)
        self.handlers = handlers
        self.timing = timing
        self.logger = logger
        owner = "\(ProcessInfo.processInfo.hostName)/\(getpid())"
    }

    /// The jobs under way.
    public var runningCount: Int { running.withLock { $0.count } }

    /// Claims and does jobs until it is stopped.
    public func run() async throws {
        for kind in handlers.keys { JobStore.countTakeover(of: kind, by: 0) }
        store.attach(bell)
        defer { store.detach(bell) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followCancellations() }
            group.addTask { await self.tend() }
            await claim()
            await end()
            group.cancelAll()
        }
    }

    /// Claims no more; lets jobs end for a while, then gives them back.
    public func stop() async {
        stopping.fire()
        bell.ring()
    }

    private func claim() async {
        var failures = 0
        var nextSweep = ContinuousClock.now
        var nextPurge = ContinuousClock.now
        while !stopping.hasFired, !Task.isCancelled {
            do {
                if ContinuousClock.now >= nextSweep {
                    while try await store.sweep() == 100 {}
                    try await measure()
                    nextSweep = .now + min(timing.lease / 3, .seconds(5))
                }
                if ContinuousClock.now >= nextPurge {
                    let end = Date().addingTimeInterval(-timing.kept.seconds)
                    // One portion a minute keeps up with any pace that one table of jobs can have.
                    _ = try await store.purge(before: end, limit: 5000)
                    nextPurge = .now + .seconds(60)
                }
                let free = slots - runningCount
                if free > 0 {
                    let jobs = try await store.claim(
                        free, kinds: Array(handlers.keys), owner: owner, lease: timing.lease,
                        served: turns.withLock { $0.served })
                    turns.withLock { turns in jobs.forEach { turns.note($0.workspaceID) } }
                    for job in jobs { begin(job) }
                }
                failures = 0
                await bell.wait(upTo: timing.poll)
            } catch {
                logger.warning("jobs cannot be claimed", ["error": .string("\(error)")])
                await bell.wait(upTo: Backoff(maximum: .seconds(2)).delay(attempt: failures))
                failures += 1
            }
        }
    }

    private func begin(_ job: Job) {
        let context = JobContext(job: job)
        let parent = job.traceparent.flatMap { Trace(traceparent: $0) }
        let task = Task { [handlers, logger] in
            guard let handler = handlers[job.kind] else { throw CancellationError() }
            return try await withSpan("job \(job.kind)", service: logger.service, parent: parent) { _ in
                try await handler(job, context)
            }
        }
        running.withLock { $0[job.id] = Running(context: context, task: task) }
        // How it ends is written, and told, in the trace in which it was asked for.
        Task { await Trace.$current.withValue(parent) { await perform(job, context, task) } }
    }

    private func perform(_ job: Job, _ context: JobContext, _ task: Task<JSONValue, any Error>) async {
        let start = ContinuousClock.now
        let outcome = outcome(of: await task.result, job, context)
        if let outcome { await write(outcome, of: job) }
        running.withLock { _ = $0.removeValue(forKey: job.id) }
        let label = outcome?.label ?? "lost"
        if let outcome, let failed = outcome.failed {
            let rate = errorRates.withLock { $0.note(job.kind, failed: failed) }
            MetricsRegistry.shared.gauge(
                "agent_error_rate", "Failed tries among the last hundred, by agent (AGT-035).", ["agent": job.kind],
                rate)
        }
        MetricsRegistry.shared.observe(
            "job_duration_seconds", "Time that jobs were worked on, by kind and outcome.",
            ["kind": job.kind, "outcome": label], (ContinuousClock.now - start).seconds,
            buckets: MetricsRegistry.longBuckets)
        logger.info(
            "job left",
            [
                "job_id": .string(job.id.text), "kind": .string(job.kind), "outcome": .string(label),
                "duration_ms": .int((ContinuousClock.now - start).milliseconds), "attempt": .int(Int64(job.tries)),
            ])
        bell.ring()
    }

    /// What a handler's end means.
    /// - Returns: `nil` where the job is somebody else's by now.
    private func outcome(
        of result: Result<JSONValue, any Error>, _ job: Job, _ context: JobContext
    ) -> JobOutcome? {
        switch result {
        case .success(let output): return context.reason == .leaseLost ? nil : .succeeded(output)
        case .failure(let error):
            switch context.reason {
            case .cancelled: return .cancelled
            case .leaseLost: return nil
            case .deadline: return .deadlineExceeded
            case .stopping: return .released
            case nil: break
            }
            if let failure = error as? JobFailure { return .failed(failure) }
            logger.warning(
                "job failed",
                [
                    "job_id": .string(job.id.text), "kind": .string(job.kind), "error": .string("\(error)"),
                    "error_type": .string("\(type(of: error))"),
                ])
            return .failed(JobFailure("internal", "The work failed for a reason of ours.", retriable: true))
        }
    }

    /// Writes an outcome, again and again while the lease may last.
    private func write(_ outcome: JobOutcome, of job: Job) async {
        let deadline = ContinuousClock.now + timing.lease
        var attempt = 0
        while true {
            do {
                let isWritten = try await store.finish(job, outcome, backoff: timing.backoff)
                if !isWritten { logger.warning("job was somebody else's", ["job_id": .string(job.id.text)]) }
                return
            } catch {
                logger.warning(
                    "job outcome cannot be written", ["job_id": .string(job.id.text), "error": .string("\(error)")])
                let delay = Backoff(maximum: .seconds(2)).delay(attempt: attempt)
                attempt += 1
                if ContinuousClock.now + delay >= deadline { return }
                try? await Task.sleep(for: delay)
            }
        }
    }

    /// Twice a second: deadlines and progress. Three times a lease: the heartbeat.
    private func tend() async {
        var nextBeat = ContinuousClock.now + timing.lease / 3
        let step = min(.milliseconds(500), timing.lease / 6)
        while !Task.isCancelled {
            try? await Task.sleep(for: step)
            let now = Date()
            for job in running.withLock({ Array($0.values) }) {
                if let deadline = job.context.job.deadline, deadline < now { cancel(job, .deadline) }
                guard let progress = job.context.takeProgress(), job.context.reason == nil else { continue }
                // A report that fails is not worth another try: the next one says more.
                try? await store.report(
                    job.context.job.id, fence: job.context.job.fence, progress: progress.percent, etaMs: progress.etaMs)
            }
            if ContinuousClock.now >= nextBeat {
                await beat()
                nextBeat = .now + timing.lease / 3
            }
        }
    }

    private func beat() async {
        let held = running.withLock { $0 }
        if held.isEmpty { return }
        do {
            let kept = try await store.heartbeat(
                held.values.map { ($0.context.job.id, $0.context.job.fence) }, lease: timing.lease)
            for (id, job) in held {
                switch kept[id] {
                case false?: continue
                case true?: cancel(job, .cancelled)
                // Gone, unless the job ended by itself in the meantime.
                case nil where running.withLock({ $0[id] != nil }): cancel(job, .leaseLost)
                case nil: continue
                }
            }
        } catch {
            logger.warning("leases cannot be renewed", ["error": .string("\(error)")])
        }
    }

    private func followCancellations() async {
        for await payload in store.postgres.listen(store.channel) {
            if payload.isEmpty {
                await beat()
            } else if let id = UUID(uuidString: payload), let job = running.withLock({ $0[id] }) {
                cancel(job, .cancelled)
            }
        }
    }

    private func cancel(_ job: Running, _ reason: JobContext.Reason) {
        job.context.letGo(reason)
        job.task.cancel()
    }

    /// Lets jobs end for a while, then asks them to let go, and gives back what does not.
    private func end() async {
        await waitForJobs(timing.grace)
        let left = running.withLock { Array($0.values) }
        for job in left { cancel(job, .stopping) }
        await waitForJobs(timing.grace)
        for job in running.withLock({ Array($0.values) }) {
            // Its handler still runs, but its fence is outdated from here on.
            _ = try? await store.finish(job.context.job, .released, backoff: timing.backoff)
        }
    }

    private func waitForJobs(_ limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while runningCount > 0, ContinuousClock.now < deadline { await bell.wait(upTo: .milliseconds(100)) }
    }

    private func measure() async throws {
        let load = try await store.load()
        for kind in handlers.keys {
            for status in ["pending", "running"] {
                let found = load.first { $0.kind == kind && $0.status == status }
                MetricsRegistry.shared.gauge(
                    "job_queue_size", "Jobs by kind that wait or run.", ["kind": kind, "status": status],
                    Double(found?.count ?? 0))
                guard status == "pending" else { continue }
                MetricsRegistry.shared.gauge(
                    "job_oldest_wait_seconds", "Time that the oldest waiting job of a kind could have been begun.",
                    ["kind": kind], found?.oldest ?? 0)
            }
        }
    }
}

extension JobOutcome {
    /// Whether the try failed; `nil` where it says nothing of the agent.
    fileprivate var failed: Bool? {
        switch self {
        case .succeeded: false
        case .failed, .deadlineExceeded: true
        case .cancelled, .released: nil
        }
    }

    fileprivate var label: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .deadlineExceeded: "deadline_exceeded"
        case .released: "released"
        }
    }
}
