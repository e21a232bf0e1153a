import Events
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import Telemetry
import TestKit
import Testing

@testable import ProjectService

@Suite struct RunRoutesTests {
    private func answer(
        _ start: StartWork, _ status: String, output: String = "", code: String? = nil, retriable: Bool = false
    ) -> WorkChanged {
        WorkChanged(
            workID: start.workID, worker: start.worker, kind: start.kind, workspaceID: start.workspaceID,
            userID: start.userID, projectID: start.projectID, runID: start.runID, stepID: start.stepID,
            attempt: start.attempt, status: status, progress: 0, outputJSON: output, errorCode: code,
            errorMessage: code, retriable: retriable)
    }

    private func begin(_ bench: Bench, _ person: Bench.Person) async throws -> String {
        let project = try await bench.project(of: person)
        let run = try await bench.send(
            .POST, "/api/v1/workflows/relay/runs", as: person, ["projectId": .string(project), "input": ["value": 7]])
        #expect(run.status == 202)
        #expect(run["status"] == "running")
        return run["id"]?.stringValue ?? ""
    }

    @Test func passesAValueThroughFiveSteps() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let id = try await begin(bench, person)
            for step in 1...5 {
                let starts = try await bench.events(StartWork.self)
                #expect(starts.count == step)
                let start = try #require(starts.last)
                try await bench.tell(answer(start, "running"))
                try await bench.tell(answer(start, "succeeded", output: start.inputJSON))
                // Told twice, it changes nothing.
                try await bench.tell(answer(start, "succeeded", output: #"{"value":"other"}"#))
            }
            let run = try await bench.send(.GET, "/api/v1/runs/\(id)", as: person)
            #expect(run["status"] == "succeeded")
            #expect(run["outputs"]?["value"] == 7)
            #expect(run["steps"]?.arrayValue?.count == 5)
            #expect(try await bench.events(RunChanged.self).last?.status == "succeeded")
            #expect(try await bench.send(.GET, "/api/v1/runs/\(id)", as: Bench.Person()).status == 404)
            let jobs = try await bench.send(.GET, "/api/v1/jobs?runId=\(id)", as: person)
            #expect(jobs["items"]?.arrayValue?.count == 5)
            #expect(try await bench.send(.POST, "/api/v1/runs/\(id)/cancel", as: person).status == 409)
        }
    }

    /// What its timer does later belongs to the same trace, and is exported only where the trace is.
    @Test(arguments: [true, false]) func keepsWhetherItsTraceIsSampled(isSampled: Bool) async throws {
        try await withBench { bench in
            let trace = Trace(traceID: Trace.root().traceID, spanID: Trace.root().spanID, sampled: isSampled)
            _ = try await Trace.$current.withValue(trace) { try await begin(bench, Bench.Person()) }
            try await bench.postgres.execute("UPDATE run SET due_at = now()")
            let run = try await bench.postgres.withTransaction { try await bench.parts.driver.store.lockDue(in: $0) }
            #expect(run?.traceID == trace.traceID)
            #expect(run?.traceSampled == isSampled)
        }
    }

    @Test func aFailedRunGoesOnWhereItFailed() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let id = try await begin(bench, person)
            let first = try #require(try await bench.events(StartWork.self).last)
            try await bench.tell(answer(first, "succeeded", output: #"{"value":1}"#))
            let second = try #require(try await bench.events(StartWork.self).last)
            #expect(second.stepID == "two")
            try await bench.tell(answer(second, "failed", code: "broken"))
            var run = try await bench.send(.GET, "/api/v1/runs/\(id)", as: person)
            #expect(run["status"] == "failed")
            #expect(run["error"]?["code"] == "broken")
            #expect(try await bench.send(.POST, "/api/v1/runs/\(id)/retry", as: person).status == 202)
            let third = try #require(try await bench.events(StartWork.self).last)
            #expect(third.stepID == "two")
            #expect(third.workID != second.workID)
            run = try await bench.send(.GET, "/api/v1/runs/\(id)", as: person)
            #expect(run["status"] == "running")
        }
    }

    @Test func cancellingCallsTheWorkBackAndDeletingToo() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let id = try await begin(bench, person)
            #expect(try await bench.send(.POST, "/api/v1/runs/\(id)/cancel", as: Bench.Person()).status == 404)
            #expect(try await bench.send(.POST, "/api/v1/runs/\(id)/cancel", as: person)["status"] == "cancelled")
            let second = try await begin(bench, person)
            let project = try await bench.send(.GET, "/api/v1/runs/\(second)", as: person)["projectId"]?.stringValue
            #expect(
                try await bench.send(.DELETE, "/api/v1/projects/\(try #require(project))", as: person).status == 204)
            let starts = try await bench.events(StartWork.self)
            #expect(try await bench.events(CancelWork.self).map(\.workID) == starts.map(\.workID))
            #expect(try await bench.send(.GET, "/api/v1/runs/\(second)", as: person).status == 404)
            // What the worker still says of it meets nothing.
            try await bench.tell(answer(try #require(starts.last), "succeeded", output: "{}"))
        }
    }

    @Test func oneKeyIsOneRun() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let project = try await bench.project(of: person)
            let body: JSONValue = ["projectId": .string(project), "input": ["value": 1]]
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await bench.send(.POST, "/api/v1/workflows/relay/runs", as: person, body, key: "k").status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { $0 == 202 || $0 == 409 })
            #expect(try await bench.postgres.query("SELECT 1 FROM run").count == 1)
            #expect(try await bench.events(StartWork.self).count == 1)
        }
    }

    @Test func whatCannotBeRunIsNamedPrecisely() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let project = JSONValue.string(try await bench.project(of: person))
            let inputs: [(JSONValue, String)] = [
                (["brief": ""], "input.brief"), ([:], "input.brief"),
                (["brief": .string(String(repeating: "x", count: 100_000))], "input.brief"),
                (["brief": "x", "durationSeconds": 0], "input.durationSeconds"),
                (["brief": "x", "durationSeconds": 36_000], "input.durationSeconds"),
                (["brief": "x", "aspect": "5:4"], "input.aspect"),
                (["brief": "x", "assetIds": ["nope"]], "input.assetIds"), (["brief": "x", "extra": 1], "input.extra"),
                (["brief": "x", "assetIds": [.string(Bench.missing.text)]], "input.assetIds"),
                (["brief": "x", "accountIds": [.string(Bench.missing.text)]], "input.accountIds"),
            ]
            for (input, field) in inputs {
                let answer = try await bench.send(
                    .POST, "/api/v1/workflows/film/runs", as: person, ["projectId": project, "input": input])
                #expect(answer.status == 400)
                #expect(answer["errors"]?.arrayValue?.first?["field"] == .string(field))
            }
            let deep = (0..<100).reduce(JSONValue.int(1)) { inner, _ in [inner] }
            for value in [deep, .string(String(repeating: "x", count: 300_000))] {
                let answer = try await bench.send(
                    .POST, "/api/v1/workflows/relay/runs", as: person,
                    ["projectId": project, "input": ["value": value]])
                #expect(answer.status == 400)
            }
            let nul = try await bench.send(
                .POST, "/api/v1/workflows/relay/runs", as: person, ["projectId": project, "input": ["value": "a\0b"]])
            #expect(nul.status == 400)
            #expect(nul["code"] == "invalid_text")
            let body: JSONValue = ["projectId": .string(UUID.v7().text), "input": ["value": 1]]
            #expect(try await bench.send(.POST, "/api/v1/workflows/relay/runs", as: person, body).status == 404)
            #expect(try await bench.send(.POST, "/api/v1/workflows/none/runs", as: person, body).status == 404)
            #expect(try await bench.send(.POST, "/api/v1/workflows/relay/runs", as: nil, body).status == 401)
        }
    }

    @Test func aFilmLeadsItsProjectFromStageToStage() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let project = try await bench.project(of: person)
            let run = try await bench.send(
                .POST, "/api/v1/workflows/film/runs", as: person,
                ["projectId": .string(project), "input": ["brief": "A short film about tea."]])
            #expect(run.status == 202)
            #expect(try await bench.send(.GET, "/api/v1/projects/\(project)", as: person)["status"] == "scripting")
            let script = try #require(try await bench.events(StartWork.self).last)
            #expect(script.kind == "script")
            try await bench.tell(answer(script, "failed", code: "no_model"))
            #expect(try await bench.send(.GET, "/api/v1/projects/\(project)", as: person)["status"] == "failed")
        }
    }
}
