import Events
import FoundationEssentials
import HTTP
import Lifecycle
import Postgres
import Primitives
import TestKit
import Testing

@testable import ProjectService

/// No project stays at a stage of a run that has ended, however it ended.
@Suite(.timeLimit(.minutes(2))) struct ProjectRestTests {
    /// A film's run whose workers the test plays.
    private struct Film {
        let bench: Bench
        let person: Bench.Person
        let project: String
        let id: String

        init(_ bench: Bench, _ person: Bench.Person, project: String, accounts: [UUID] = []) async throws {
            let input: JSONValue = [
                "brief": .string("A film about tea, \(UUID.v7().text)"),
                "accountIds": .array(accounts.map { .string($0.text) }),
            ]
            let run = try await bench.send(
                .POST, "/api/v1/workflows/film/runs", as: person, ["projectId": .string(project), "input": input])
            #expect(run.status == 202)
            (self.bench, self.person, self.project) = (bench, person, project)
            id = run["id"]?.stringValue ?? ""
        }

        /// What the workers were asked for and have not answered, oldest first.
        func open() async throws -> [StartWork] {
            let steps = try await run()["steps"]?.arrayValue ?? []
            let running = Set(steps.filter { $0["status"] == "running" }.compactMap { $0["id"]?.stringValue })
            var newest: [String: StartWork] = [:]
            for start in try await bench.events(StartWork.self) where start.runID?.text == id {
                if let step = start.stepID, running.contains(step) { newest[step] = start }
            }
            return newest.values.sorted { $0.attempt < $1.attempt }
        }

        /// Does the oldest open work; false where there is none.
        func work() async throws -> Bool {
            guard let start = try await open().first else { return false }
            try await answer(start, "succeeded")
            return true
        }

        /// Works until work of a kind is the oldest open one, or nothing is left.
        func work(upTo kind: String) async throws {
            while let next = try await open().first, next.kind != kind { try await answer(next, "succeeded") }
        }

        func answer(_ start: StartWork, _ status: String, code: String? = nil) async throws {
            try await bench.tell(
                WorkChanged(
                    workID: start.workID, worker: start.worker, kind: start.kind, workspaceID: start.workspaceID,
                    userID: start.userID, projectID: start.projectID, runID: start.runID, stepID: start.stepID,
                    attempt: start.attempt, status: status, progress: 0, outputJSON: Self.output(start.kind),
                    errorCode: code, errorMessage: code, retriable: false))
        }

        private static func output(_ kind: String) -> String {
            switch kind {
            case "script":
                #"{"title":"Tea","language":"en","musicMood":"calm","scenes":[{"id":"1","narration":"a","visual":{}}]}"#
            case "timeline": #"{"timeline":{},"durationMs":5000,"cues":[]}"#
            case "subtitles": #"{"srtAssetId":"s","vttAssetId":"v"}"#
            default: #"{"assetId":"a"}"#
            }
        }

        func run() async throws -> Bench.Answer { try await bench.send(.GET, "/api/v1/runs/\(id)", as: person) }

        func change(_ word: String) async throws {
            #expect(try await bench.send(.POST, "/api/v1/runs/\(id)/\(word)", as: person).status == 202)
        }

        func status() async throws -> JSONValue? {
            try await bench.send(.GET, "/api/v1/projects/\(project)", as: person)["status"]
        }
    }

    private func withFilm(accounts: [UUID] = [], _ body: @escaping @Sendable (Film) async throws -> Void) async throws {
        try await withBench { bench in
            let person = Bench.Person()
            try await body(
                Film(bench, person, project: bench.project(of: person), accounts: accounts))
        }
    }

    @Test func aFilmWithoutAccountsIsMadeAndItsProjectIsADraftAgain() async throws {
        try await withFilm { film in
            try await film.work(upTo: "montage")
            #expect(try await film.status() == "rendering")
            while try await film.work() {}
            let run = try await film.run()
            #expect(run["status"] == "succeeded")
            #expect(run["outputs"]?["film"] == "a")
            #expect(try await film.status() == "draft")
            let publish = run["steps"]?.arrayValue?.first { $0["id"] == "publish" }
            #expect(publish?["status"] == "skipped")
            #expect(publish?["note"]?.stringValue?.contains("no social account") == true)
            #expect(try await film.bench.events(ProjectChanged.self).last?.status == "draft")
        }
    }

    @Test func afterAFailedPostTheRunSaysWhyAndARetryPublishes() async throws {
        try await withFilm(accounts: [.v7()]) { film in
            try await film.work(upTo: "publish")
            #expect(try await film.status() == "rendering")
            let publish = try #require(try await film.open().first)
            try await film.answer(publish, "failed", code: "account_disconnected")
            #expect(try await film.run()["error"]?["code"] == "account_disconnected")
            #expect(try await film.status() == "failed")
            try await film.change("retry")
            #expect(try await film.status() == "rendering")
            while try await film.work() {}
            #expect(try await film.status() == "published")
        }
    }

    @Test func whereverARunIsCancelledOrFailsItsProjectLeavesTheStages() async throws {
        try await withBench { bench in
            // Each in a workspace of its own: what was made before in one is not made again.
            func film() async throws -> Film {
                let person = Bench.Person()
                return try await Film(bench, person, project: bench.project(of: person), accounts: [.v7()])
            }
            var length = 0
            let whole = try await film()
            while try await whole.work() { length += 1 }
            #expect(length == 8)
            for done in 0..<length {
                for fails in [false, true] {
                    let film = try await film()
                    for _ in 0..<done { #expect(try await film.work()) }
                    if fails {
                        try await film.answer(try #require(try await film.open().first), "failed", code: "broken")
                    } else {
                        try await film.change("cancel")
                    }
                    #expect(try await film.status() == (fails ? "failed" : "draft"), "after \(done) steps")
                    try await film.change("retry")
                    #expect(ProjectStatus.stages.map { .string($0.rawValue) }.contains(try await film.status()))
                    try await film.change("cancel")
                    #expect(try await film.status() == "draft", "again, after \(done) steps")
                }
            }
        }
    }

    @Test func aRunThatTakesTooLongLeavesItsProjectFailed() async throws {
        try await withFilm { film in
            try await film.work(upTo: "montage")
            try await film.bench.postgres.execute(
                "UPDATE run SET state = jsonb_set(state, '{deadlineAtMs}', '1'), due_at = now()")
            let timer = RunTimer(driver: film.bench.parts.driver, postgres: film.bench.postgres)
                .part(logger: film.bench.logger)
            let running = Task { try await timer.run() }
            try await eventually("the deadline is noticed", within: .seconds(20)) {
                try await film.run()["status"] == "failed"
            }
            await timer.stop()
            try await running.value
            #expect(try await film.status() == "failed")
        }
    }

    @Test func whatIsOutStaysPublishedWhenAnotherFilmIsNot() async throws {
        try await withFilm(accounts: [.v7()]) { film in
            while try await film.work() {}
            #expect(try await film.status() == "published")
            let second = try await Film(film.bench, film.person, project: film.project)
            #expect(try await second.status() == "scripting")
            while try await second.work() {}
            #expect(try await second.status() == "published")
            let third = try await Film(film.bench, film.person, project: film.project)
            try await third.change("cancel")
            #expect(try await third.status() == "published")
        }
    }

    @Test func theLastOfTwoRunsEndsTheStages() async throws {
        try await withFilm { film in
            let second = try await Film(film.bench, film.person, project: film.project)
            try await second.work(upTo: "montage")
            while try await film.work() {}
            #expect(try await film.run()["status"] == "succeeded")
            #expect(try await film.status() == "rendering")
            while try await second.work() {}
            #expect(try await film.status() == "draft")
        }
    }

    @Test func twoRunsThatEndAtOnceLeaveNoStageBehind() async throws {
        try await withFilm { film in
            for _ in 0..<10 {
                let films = [
                    try await Film(film.bench, film.person, project: film.project),
                    try await Film(film.bench, film.person, project: film.project),
                ]
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for one in films { group.addTask { try await one.change("cancel") } }
                    try await group.waitForAll()
                }
            }
            try await film.change("cancel")
            #expect(try await film.status() == "draft")
        }
    }

    @Test func anArchivedProjectIsLeftAlone() async throws {
        try await withFilm { film in
            let archived = try await film.bench.send(
                .PATCH, "/api/v1/projects/\(film.project)", as: film.person, ["status": "archived"])
            #expect(archived.status == 200)
            while try await film.work() {}
            #expect(try await film.status() == "archived")
        }
    }

    @Test func aPostByHandMakesItsProjectPublished() async throws {
        try await withFilm { film in
            func post(_ status: String, workspace: UUID) async throws {
                let change = PublicationChanged(
                    publicationID: .v7(), workspaceID: workspace, userID: film.person.user,
                    projectID: UUID(uuidString: film.project), status: status, targetsJSON: "[]")
                try await film.bench.postgres.withTransaction { try await film.bench.parts.take(change, in: $0) }
            }
            // While a run leads the project, its stage is shown, and the post is remembered.
            try await post("published", workspace: .v7())
            try await post("failed", workspace: film.person.workspace)
            while try await film.work() {}
            #expect(try await film.status() == "draft")
            try await post("partially_published", workspace: film.person.workspace)
            #expect(try await film.status() == "published")
            #expect(try await film.bench.events(ProjectChanged.self).last?.status == "published")
            let told = try await film.bench.events(ProjectChanged.self).count
            try await post("published", workspace: film.person.workspace)
            #expect(try await film.bench.events(ProjectChanged.self).count == told)
        }
    }
}
