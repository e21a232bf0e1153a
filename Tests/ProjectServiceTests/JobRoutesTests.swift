import Events
import FoundationEssentials
import HTTP
import Primitives
import TestKit
import Testing

@testable import ProjectService

@Suite struct JobRoutesTests {
    private func change(
        _ id: UUID, _ person: Bench.Person, _ status: String, progress: Int = 0, project: UUID? = nil, run: UUID? = nil
    ) -> WorkChanged {
        WorkChanged(
            workID: id, worker: .mediaWorker, kind: "transcode", workspaceID: person.workspace, userID: person.user,
            projectID: project, runID: run, attempt: 1, status: status, progress: progress,
            outputJSON: status == "succeeded" ? #"{"assetId":"x"}"# : "",
            errorCode: status == "failed" ? "bad_codec" : nil, errorMessage: status == "failed" ? "No." : nil,
            retriable: false)
    }

    @Test func showsWhatWorkersTell() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let (id, project) = (UUID.v7(), UUID.v7())
            let start = Date()
            try await bench.tell(change(id, person, "running", progress: 40, project: project), at: start)
            // Late news changes nothing.
            try await bench.tell(change(id, person, "pending", project: project), at: start.addingTimeInterval(-1))
            var shown = try await bench.send(.GET, "/api/v1/jobs/\(id.text)", as: person)
            #expect(shown["status"] == "running")
            #expect(shown["progress"] == 40)
            try await bench.tell(change(id, person, "succeeded", progress: 100, project: project), at: start)
            shown = try await bench.send(.GET, "/api/v1/jobs/\(id.text)", as: person)
            #expect(shown["result"]?["assetId"] == "x")
            #expect(shown["endedAt"]?.stringValue != nil)
            try await bench.tell(change(.v7(), person, "failed"))
            let all = try await bench.send(.GET, "/api/v1/jobs", as: person)
            #expect(all["items"]?.arrayValue?.count == 2)
            let some = try await bench.send(
                .GET, "/api/v1/jobs?projectId=\(project.text)&status=succeeded&limit=1", as: person)
            #expect(some["items"]?.arrayValue?.count == 1)
            let first = try await bench.send(.GET, "/api/v1/jobs?limit=1", as: person)
            let cursor = try #require(first["nextCursor"]?.stringValue)
            let second = try await bench.send(.GET, "/api/v1/jobs?limit=1&cursor=\(cursor)", as: person)
            #expect(second["items"]?.arrayValue?.first?["id"] == .string(id.text))
            #expect(second["nextCursor"] == .null)
            #expect(try await bench.send(.GET, "/api/v1/jobs/\(id.text)", as: Bench.Person()).status == 404)
        }
    }

    @Test func aJobThatWasJustMadeIsWaitedFor() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let id = UUID.v7()
            async let shown = bench.send(.GET, "/api/v1/jobs/\(id.text)", as: person)
            try await bench.tell(change(id, person, "pending"))
            #expect(try await shown.status == 200)
        }
    }

    @Test func cancelAndRetryBecomeCommandsForTheWorker() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let id = UUID.v7()
            try await bench.tell(change(id, person, "running"))
            #expect(try await bench.send(.POST, "/api/v1/jobs/\(id.text)/retry", as: person).status == 409)
            #expect(try await bench.send(.POST, "/api/v1/jobs/\(id.text)/cancel", as: Bench.Person()).status == 404)
            #expect(try await bench.send(.POST, "/api/v1/jobs/\(id.text)/cancel", as: person).status == 202)
            let cancels = try await bench.events(CancelWork.self)
            #expect(cancels.map(\.workID) == [id])
            #expect(cancels.map(\.worker) == [.mediaWorker])
            try await bench.tell(change(id, person, "failed"))
            #expect(try await bench.send(.POST, "/api/v1/jobs/\(id.text)/cancel", as: person).status == 409)
            #expect(try await bench.send(.POST, "/api/v1/jobs/\(id.text)/retry", as: person).status == 202)
            #expect(try await bench.events(RetryWork.self).map(\.workID) == [id])
            let ofARun = UUID.v7()
            try await bench.tell(change(ofARun, person, "failed", run: .v7()))
            let answer = try await bench.send(.POST, "/api/v1/jobs/\(ofARun.text)/retry", as: person)
            #expect(answer["code"] == "job_of_a_run")
        }
    }
}
