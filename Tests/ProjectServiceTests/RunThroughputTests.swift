import Events
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import TestKit
import Testing

@testable import ProjectService

/// How many runs the service starts and leads to their end, without Kafka and with workers that answer at once.
/// Small by default, so that it only proves that it works; `ATELIER_BENCH_RUNS=2000` in a release build measures.
@Suite struct RunThroughputTests {
    @Test func startsRunsAndLeadsThemToTheirEnd() async throws {
        let count = Int(ProcessInfo.processInfo.environment["ATELIER_BENCH_RUNS"] ?? "") ?? 40
        try await withBench { bench in
            let person = Bench.Person()
            let project = try await bench.project(of: person)
            let clock = ContinuousClock()
            let starting = try await clock.measure {
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
            let ending = try await clock.measure { try await work(bench) }
            let ended = try await bench.postgres.query("SELECT status, count(*) FROM run GROUP BY status")
            #expect(try ended.map { try $0.decode((String, Int).self) }.map(\.0) == ["succeeded"])
            print(
                "runs: \(Int(Double(count) / starting.seconds)) starts/s, \(Int(Double(count) / ending.seconds)) five-step runs/s"
            )
        }
    }

    /// Does all work that is asked for, as a worker of an echo would: running, then succeeded; a hundred at a time.
    private func work(_ bench: Bench) async throws {
        var last: Int64 = 0
        while true {
            let rows = try await bench.postgres.query(
                """
                SELECT seq, value FROM outbox WHERE headers ->> 'ce_type' = \(StartWork.messageName) AND seq > \(last)
                ORDER BY seq
                """
            ).map { try $0.decode((Int64, Data).self) }
            guard let end = rows.last else { return }
            last = end.0
            let starts = try rows.map { try ProtobufCoder.decode(StartWork.self, from: $0.1) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<6 {
                    group.addTask {
                        let own = starts.indices.filter { $0 % 6 == lane }.map { starts[$0] }
                        for first in stride(from: 0, to: own.count, by: 100) {
                            let batch = own[first..<min(first + 100, own.count)]
                            try await bench.postgres.withTransaction { tx in
                                for start in batch {
                                    for status in ["pending", "running", "succeeded"] {
                                        try await bench.parts.take(answer(start, status), at: Date(), in: tx)
                                    }
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func answer(_ start: StartWork, _ status: String) -> WorkChanged {
        WorkChanged(
            workID: start.workID, worker: start.worker, kind: start.kind, workspaceID: start.workspaceID,
            userID: start.userID, projectID: start.projectID, runID: start.runID, stepID: start.stepID,
            attempt: start.attempt, status: status, progress: status == "succeeded" ? 100 : 0,
            outputJSON: status == "succeeded" ? start.inputJSON : "", retriable: false)
    }
}
