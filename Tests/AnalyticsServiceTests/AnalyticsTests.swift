import Events
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceTestKit
import Testing

@testable import AnalyticsService

@Suite struct AnalyticsTests {
    private func run(_ person: Person, _ status: String, id: UUID = .v7()) -> RunChanged {
        RunChanged(
            runID: id, workspaceID: person.workspace, userID: person.id, projectID: person.project, workflowID: "film",
            status: status, progress: 0, stepsDone: 0, stepsTotal: 1)
    }

    @Test func storedIsWhatWasSent() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            var sent = 0
            for number in 0..<60 {
                // Some come twice, as the bus may bring them.
                try await world.deliver(
                    run(ada, number.isMultiple(of: 3) ? "failed" : "succeeded"), times: 1 + number % 2)
                sent += 1
            }
            try await world.deliver(SessionRevoked(userID: ada.id, reason: "x"), times: 2)
            #expect(try await world.count("SELECT count(*) FROM event") == sent + 1)
            // Before, while and after the sums are folded, the answer is the same.
            for _ in 0..<3 {
                let answer = try await world.metrics(ada)
                #expect(answer["events"]?.intValue == Int64(sent))
                #expect(answer["byType"] == ["run.failed": 20, "run.succeeded": 40])
                _ = try await EventStore.fold(limit: 25, on: world.postgres)
            }
            while try await EventStore.fold(on: world.postgres) > 0 {}
            #expect(try await world.metrics(ada)["events"]?.intValue == Int64(sent))
            #expect(try await world.count("SELECT sum(count)::bigint FROM rollup_hour") == sent + 1)
            #expect(try await world.metrics(Person())["events"] == 0)
        }
    }

    @Test func manyAtOnceLoseNothing() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<50 { try await world.deliver(run(ada, "running"), times: 2) } }
                }
                group.addTask { for _ in 0..<20 { _ = try await EventStore.fold(limit: 30, on: world.postgres) } }
                try await group.waitForAll()
            }
            #expect(try await world.metrics(ada)["events"] == 400)
        }
    }

    @Test func durationsAndViews() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            let id = UUID.v7()
            try await world.deliver(run(ada, "running", id: id))
            try await world.deliver(run(ada, "succeeded", id: id))
            let publication = UUID.v7()
            func post(_ views: Int64, _ at: Int64) -> PostMetrics {
                PostMetrics(
                    publicationID: publication, accountID: ada.id, workspaceID: ada.workspace, projectID: ada.project,
                    platform: "sandbox", postID: "p1", views: views, likes: 1, comments: 0, shares: 0, readAtMs: at)
            }
            let now = Date().milliseconds
            try await world.deliver(post(10, now))
            try await world.deliver(post(30, now + 2))
            try await world.deliver(post(20, now + 1))
            let answer = try await world.metrics(ada, project: true)
            #expect(answer["views"] == 30)
            #expect(answer["posts"]?.arrayValue?.count == 1)
            let durations = try #require(answer["durations"]?.arrayValue)
            #expect(durations.count == 1)
            #expect(durations[0]["kind"] == "run")
            #expect(durations[0]["count"] == 1)
            #expect(durations[0]["maximumMs"]?.intValue ?? -1 >= 0)
        }
    }

    @Test func clientsSendBatches() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            let id = UUID.v7().text
            let batch: JSONValue = [
                "events": [
                    ["id": .string(id), "type": "page.viewed", "projectId": .string(ada.project.text)],
                    ["type": "button.pressed", "data": ["name": "play"]],
                ]
            ]
            let first = try await world.send(.POST, "/api/v1/analytics/events", batch, as: ada)
            #expect(first.status == 202)
            #expect(first.body == ["received": 2, "stored": 2, "known": 0])
            let again = try await world.send(.POST, "/api/v1/analytics/events", batch, as: ada)
            // The one with an id is known; the other is another event.
            #expect(again.body == ["received": 2, "stored": 1, "known": 1])
            #expect(try await world.metrics(ada)["byType"] == ["client.page.viewed": 1, "client.button.pressed": 2])
            #expect(try await world.metrics(ada, project: true)["events"] == 1)
            let keyed = try await world.send(
                .POST, "/api/v1/analytics/events", ["events": [["type": "x"]]], as: ada,
                headers: ["Idempotency-Key": "a"])
            let replayed = try await world.send(
                .POST, "/api/v1/analytics/events", ["events": [["type": "x"]]], as: ada,
                headers: ["Idempotency-Key": "a"])
            #expect(keyed.body == replayed.body)
            #expect(try await world.metrics(ada)["events"] == 4)
        }
    }

    private static let badBatches: [JSONValue] = [
        ["events": []], ["events": [["type": "Bad Type"]]], .object([:]),
        ["events": [["type": "x", "at": "2020-01-01T00:00:00Z"]]],
        ["events": [["type": "x", "id": "6e9b7c1e-6d2c-4a55-9d6e-0e8b8a2f7d11"]]],
        ["events": [["type": "x", "data": .string(String(repeating: "a", count: 9000))]]],
        ["events": .array(Array(repeating: JSONValue.object(["type": "x"]), count: 501))],
    ]

    @Test func badInputIsNamed() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            for body in Self.badBatches {
                let answer = try await world.send(.POST, "/api/v1/analytics/events", body, as: ada)
                #expect(answer.status == 400)
            }
            for query in [
                "projectId=x", "from=yesterday", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
                "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
            ] {
                let answer = try await world.send(.GET, "/api/v1/analytics/metrics?\(query)", as: ada)
                #expect(answer.status == 400)
            }
            let insights = try await world.send(.GET, "/api/v1/analytics/insights", as: ada)
            #expect(insights.status == 501)
        }
    }

    @Test func daysComeAndGo() async throws {
        try await AnalyticsWorld.run { world in
            let ada = Person()
            let old = Date().addingTimeInterval(-100 * 86_400)
            try await PartitionStore.keep(retentionDays: 200, now: old, on: world.postgres)
            for (id, time) in [(UUID.v7(), old), (UUID.v7(), Date())] {
                let one = Measurement(
                    id: id, at: time, workspaceID: ada.workspace, projectID: nil, userID: nil, type: "x")
                try await world.postgres.withTransaction { _ = try await EventStore.add(one, in: $0) }
            }
            try await PartitionStore.keep(retentionDays: 90, on: world.postgres)
            try await PartitionStore.keep(retentionDays: 90, on: world.postgres)
            #expect(try await world.count("SELECT count(*) FROM event") == 1)
        }
    }

    @Test func periodsAreWholeHours() throws {
        let period = try Period(QueryItems("from=2026-01-31T09:05:00Z&to=2026-01-31T10:00:01Z"))
        #expect(period.from.rfc3339 == "2026-01-31T09:00:00.000Z")
        #expect(period.to.rfc3339 == "2026-01-31T11:00:00.000Z")
    }
}
