import FoundationEssentials
import Jobs
import Lifecycle
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

@Suite struct JobRunnerTests {
    @Test func doesAJobAndKeepsItsOutput() async throws {
        try await withBench { bench in
            let asked = request()
            try await bench.with(
                bench.runner { job, context in
                    context.progress(40)
                    return ["got": job.payload["n"] ?? .null]
                }
            ) {
                try await bench.enqueue(asked)
                try await bench.wait(for: asked, .succeeded)
            }
            let job = try #require(try await bench.job(asked))
            #expect(job.output == ["got": 1])
            #expect(job.progress == 100)
            #expect(job.tries == 1)
            #expect(bench.changes.statuses(of: asked.id) == [.pending, .running, .succeeded])
        }
    }

    @Test func theSameIdIsOneJob() async throws {
        try await withBench { bench in
            let asked = request()
            try await bench.enqueue(asked)
            try await bench.enqueue(asked)
            #expect(bench.changes.statuses(of: asked.id) == [.pending])
            #expect(try await bench.store.job(asked.id, workspaceID: .v7()) == nil)
        }
    }

    @Test func twoRunnersNeverDoAJobTwice() async throws {
        try await withBench { bench in
            let done = Mutex<[UUID: Int]>([:])
            let handler: JobRunner.Handler = { job, _ in
                done.withLock { $0[job.id, default: 0] += 1 }
                return .null
            }
            let asked = (0..<200).map { _ in request() }
            for one in asked { try await bench.enqueue(one) }
            try await bench.with(bench.runner(slots: 5, handler)) {
                try await bench.with(bench.runner(slots: 5, handler)) {
                    try await eventually {
                        try await bench.client.query("SELECT 1 FROM job WHERE status <> 'succeeded'").isEmpty
                    }
                }
            }
            #expect(done.withLock { $0.count } == 200)
            #expect(done.withLock { $0.values.allSatisfy { $0 == 1 } })
        }
    }

    @Test func whatALostLeaseWritesHasNoEffect() async throws {
        try await withBench { bench in
            let asked = request()
            let tries = Mutex(0)
            let first = AsyncTrigger()
            let letGo = AsyncTrigger()
            let handler: JobRunner.Handler = { job, _ in
                if tries.withLock({
                    $0 += 1; return $0
                }) == 1 {
                    first.fire()
                    // Deaf to cancellation, as C code can be.
                    await Task { await letGo.wait() }.value
                    return "stale"
                }
                return "fresh"
            }
            try await bench.enqueue(asked)
            try await bench.with(bench.runner(slots: 1, handler)) {
                await first.wait()
                // The fence too: otherwise the first runner, which is well, would renew its lease in between.
                try await bench.client.execute(
                    "UPDATE job SET lease_until = now() - interval '1 second', fence = fence + 1")
                try await bench.with(bench.runner(slots: 1, handler)) {
                    try await bench.wait(for: asked, .succeeded)
                }
                letGo.fire()
                try await eventually { tries.withLock { $0 } == 2 }
            }
            let job = try #require(try await bench.job(asked))
            #expect(job.output == "fresh")
            #expect(job.tries == 2)
            #expect(bench.changes.statuses(of: asked.id) == [.pending, .running, .pending, .running, .succeeded])
        }
    }

    @Test func aRunnerThatDiedLosesItsJobsAndTheLastAttemptFails() async throws {
        try await withBench { bench in
            let asked = request(maxAttempts: 2)
            try await bench.enqueue(asked)
            for _ in 0..<2 {
                // A process that claims and dies at once.
                let dead = bench.runner(lease: .milliseconds(300)) { _, _ in
                    try await Task.sleep(for: .seconds(600))
                    return .null
                }
                let task = Task { try await dead.run() }
                try await bench.wait(for: asked, .running)
                try await bench.client.execute(
                    "UPDATE job SET lease_until = now() - interval '1 second', fence = fence + 1")
                await dead.stop()
                try await task.value
                let sweeper = bench.runner { _, _ in
                    try await Task.sleep(for: .seconds(600))
                    return .null
                }
                if try await bench.job(asked)?.tries == 2 {
                    try await bench.with(sweeper) { try await bench.wait(for: asked, .failed) }
                } else {
                    try await bench.client.execute("UPDATE job SET status = 'pending', lease_until = NULL")
                }
            }
            let job = try #require(try await bench.job(asked))
            #expect(job.errorCode == "worker_lost")
            #expect(job.tries == 2)
            let told = MetricsRegistry.shared.text()
            #expect(told.contains("job_lease_takeovers_total{kind=\"test\"} "))
            #expect(!told.contains("job_lease_takeovers_total{kind=\"test\"} 0\n"))
        }
    }

    @Test func failuresAreTriedAgainAndThenDeadUntilRetriggered() async throws {
        try await withBench { bench in
            let asked = request(maxAttempts: 3)
            let isHealed = Mutex(false)
            let runner = bench.runner { _, _ in
                if isHealed.withLock({ $0 }) { return "done" }
                throw JobFailure("provider_down", "The provider is down.", retriable: true)
            }
            try await bench.with(runner) {
                try await bench.enqueue(asked)
                try await bench.wait(for: asked, .failed)
                let dead = try #require(try await bench.job(asked))
                #expect(dead.tries == 3)
                #expect(dead.errorCode == "provider_down")
                isHealed.withLock { $0 = true }
                let foreign = try await bench.client.withTransaction {
                    try await bench.store.retry(asked.id, workspaceID: .v7(), in: $0) == nil
                }
                #expect(foreign)
                _ = try await bench.client.withTransaction {
                    try await bench.store.retry(asked.id, workspaceID: asked.workspaceID, in: $0)?.status
                }
                try await bench.wait(for: asked, .succeeded)
            }
            #expect(try await bench.job(asked)?.errorCode == nil)
        }
    }

    @Test func whatCannotSucceedIsNotTriedAgain() async throws {
        try await withBench { bench in
            let asked = request()
            try await bench.with(
                bench.runner { _, _ in throw JobFailure("bad_input", "No such codec.", retriable: false) }
            ) {
                try await bench.enqueue(asked)
                try await bench.wait(for: asked, .failed)
            }
            #expect(try await bench.job(asked)?.tries == 1)
        }
    }

    @Test func cancellingReachesTheHandler() async throws {
        try await withBench { bench in
            let asked = request()
            let waiting = request()
            let began = AsyncTrigger()
            let wasCancelled = AsyncTrigger()
            let runner = bench.runner(slots: 1) { _, context in
                began.fire()
                do { try await Task.sleep(for: .seconds(600)) } catch {
                    if context.isCancelled { wasCancelled.fire() }
                    throw error
                }
                return .null
            }
            try await bench.with(runner) {
                try await bench.enqueue(asked)
                await began.wait()
                try await bench.enqueue(waiting)
                for one in [asked, waiting] {
                    _ = try await bench.client.withTransaction { try await bench.store.cancel(one.id, in: $0)?.status }
                }
                await wasCancelled.wait()
                try await bench.wait(for: asked, .cancelled)
                try await bench.wait(for: waiting, .cancelled)
            }
            #expect(bench.changes.statuses(of: waiting.id) == [.pending, .cancelled])
            #expect(bench.changes.statuses(of: asked.id) == [.pending, .running, .cancelled])
        }
    }

    @Test func aStopGivesWorkBackUncounted() async throws {
        try await withBench { bench in
            let asked = request()
            let began = AsyncTrigger()
            try await bench.enqueue(asked)
            try await bench.with(
                bench.runner(slots: 1) { _, _ in
                    began.fire()
                    try await Task.sleep(for: .seconds(600))
                    return .null
                }
            ) { await began.wait() }
            let job = try #require(try await bench.job(asked))
            #expect(job.status == .pending)
            #expect(job.tries == 0)
            try await bench.with(bench.runner { _, _ in "second" }) { try await bench.wait(for: asked, .succeeded) }
        }
    }

    @Test func aStopLetsShortWorkEnd() async throws {
        try await withBench { bench in
            let asked = request()
            let began = AsyncTrigger()
            try await bench.enqueue(asked)
            try await bench.with(
                bench.runner(slots: 1, grace: .seconds(20)) { _, _ in
                    began.fire()
                    try await Task.sleep(for: .milliseconds(100))
                    return "ended"
                }
            ) { await began.wait() }
            #expect(try await bench.job(asked)?.output == "ended")
        }
    }

    @Test func deadlinesEndWaitingAndRunningJobs() async throws {
        try await withBench { bench in
            let late = request(deadline: Date().addingTimeInterval(-1))
            let slow = request(deadline: Date().addingTimeInterval(1))
            try await bench.enqueue(late)
            try await bench.enqueue(slow)
            try await bench.with(
                bench.runner { _, _ in
                    try await Task.sleep(for: .seconds(600))
                    return .null
                }
            ) {
                try await bench.wait(for: late, .failed)
                try await bench.wait(for: slow, .failed)
            }
            #expect(try await bench.job(late)?.errorCode == "deadline_exceeded")
            #expect(try await bench.job(slow)?.errorCode == "deadline_exceeded")
        }
    }

    @Test func aJobMayTakeManyLeases() async throws {
        try await withBench { bench in
            let asked = request()
            let runner = bench.runner(slots: 1, lease: .milliseconds(1500)) { _, context in
                for percent in 1...10 {
                    try await Task.sleep(for: .milliseconds(400))
                    context.progress(percent * 10)
                }
                return .null
            }
            try await bench.enqueue(asked)
            try await bench.with(runner) {
                try await bench.wait(for: asked, .running)
                // A second runner that would take the job over if the lease ran out.
                try await bench.with(
                    bench.runner(lease: .milliseconds(1500)) { _, _ in throw JobFailure("stolen", "", retriable: false)
                    }
                ) { try await bench.wait(for: asked, .succeeded) }
            }
            let progress = bench.changes.progress(of: asked.id)
            #expect(progress == progress.sorted())
            #expect(progress.count > 4)
            #expect(try await bench.job(asked)?.tries == 1)
        }
    }

    @Test func workspacesTakeTurnsAndPriorityCounts() async throws {
        try await withBench { bench in
            let (greedy, modest) = (UUID.v7(), UUID.v7())
            let order = Mutex<[UUID]>([])
            for _ in 0..<50 { try await bench.enqueue(request(greedy)) }
            let urgent = request(greedy, priority: 5)
            try await bench.enqueue(urgent)
            for _ in 0..<2 { try await bench.enqueue(request(modest)) }
            try await bench.with(
                bench.runner(slots: 1) { job, _ in
                    order.withLock { $0.append(job.priority > 0 ? job.id : job.workspaceID) }
                    return .null
                }
            ) { try await eventually { order.withLock { $0.count } == 53 } }
            let seen = order.withLock { $0 }
            #expect(seen[0] == urgent.id)
            // One of many behind it, the modest workspace does not wait for the other's backlog.
            #expect(seen.prefix(6).filter { $0 == modest }.count >= 1)
        }
    }
}

extension JobRunnerTests {
    /// Small by default; `ATELIER_BENCH_JOBS=5000` in a release build measures.
    @Test func smallJobsPerSecond() async throws {
        let count = Int(ProcessInfo.processInfo.environment["ATELIER_BENCH_JOBS"] ?? "") ?? 200
        try await withBench { bench in
            let workspaces = (0..<20).map { _ in UUID.v7() }
            let clock = ContinuousClock()
            let enqueuing = try await clock.measure {
                for first in stride(from: 0, to: count, by: 100) {
                    try await bench.client.withTransaction { tx in
                        for index in first..<min(first + 100, count) {
                            _ = try await bench.store.enqueue(request(workspaces[index % 20]), in: tx)?.id
                        }
                    }
                }
            }
            let doing = try await clock.measure {
                try await bench.with(bench.runner(slots: 8) { _, _ in .null }) {
                    try await eventually(within: .seconds(120)) {
                        try await bench.client.query("SELECT 1 FROM job WHERE status <> 'succeeded' LIMIT 1").isEmpty
                    }
                }
            }
            print(
                "jobs: \(Int(Double(count) / enqueuing.seconds)) enqueued/s, \(Int(Double(count) / doing.seconds)) done/s"
            )
        }
    }
}
