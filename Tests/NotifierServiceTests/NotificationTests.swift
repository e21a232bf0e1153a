import Events
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceTestKit
import TestKit
import Testing

@testable import NotifierService

@Suite struct NotificationTests {
    @Test func anEndedRunIsToldOnce() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            let run = UUID.v7()
            try await world.deliver(ada.run("running", id: run, progress: 10))
            try await world.deliver(ada.run("succeeded", id: run, progress: 100), times: 3)
            // The same fact by another event.
            try await world.deliver(ada.run("succeeded", id: run, progress: 100))
            let list = try await world.send(.GET, "/api/v1/notifications", as: ada)
            #expect(list.status == 200)
            let items = try #require(list.body["items"]?.arrayValue)
            #expect(items.count == 1)
            #expect(items[0]["kind"] == "run.succeeded")
            #expect(items[0]["data"]?["runId"]?.stringValue == run.text)
            #expect(
                try await world.count(
                    "SELECT count(*) FROM outbox WHERE headers->>'ce_type' = 'atelier.notifier.v1.NotificationCreated'")
                    == 1)
        }
    }

    @Test func readingAndStrangers() async throws {
        try await NotifierWorld.run { world in
            let (ada, eve) = (Person(), Person())
            for _ in 0..<3 { try await world.deliver(ada.run("failed")) }
            let page = try await world.send(.GET, "/api/v1/notifications?limit=2", as: ada)
            #expect(page.body["items"]?.arrayValue?.count == 2)
            let cursor = try #require(page.body["nextCursor"]?.stringValue)
            let rest = try await world.send(.GET, "/api/v1/notifications?cursor=\(cursor)", as: ada)
            #expect(rest.body["items"]?.arrayValue?.count == 1)
            #expect(rest.body["nextCursor"] == .null)
            let id = try #require(page.body["items"]?.arrayValue?[0]["id"]?.stringValue)
            #expect(try await world.send(.POST, "/api/v1/notifications/\(id)/read", as: eve).status == 404)
            #expect(try await world.send(.GET, "/api/v1/notifications", as: eve).body["items"] == [])
            #expect(try await world.send(.POST, "/api/v1/notifications/\(id)/read", as: ada).status == 204)
            let unread = try await world.send(.GET, "/api/v1/notifications?unread=true", as: ada)
            #expect(unread.body["items"]?.arrayValue?.count == 2)
            #expect(try await world.send(.POST, "/api/v1/notifications/read", as: ada).status == 204)
            #expect(try await world.send(.GET, "/api/v1/notifications?unread=true", as: ada).body["items"] == [])
            #expect(try await world.send(.GET, "/api/v1/notifications?cursor=x", as: ada).status == 400)
            #expect(try await world.send(.POST, "/api/v1/notifications/none/read", as: ada).status == 404)
        }
    }

    @Test func jobsOfARunAndSilentJobsTellNobody() async throws {
        func job(_ person: Person, kind: String, run: UUID? = nil) -> WorkChanged {
            WorkChanged(
                workID: .v7(), worker: .mediaWorker, kind: kind, workspaceID: person.workspace, userID: person.id,
                runID: run, attempt: 1, status: "succeeded", progress: 100, outputJSON: "{}", retriable: false)
        }
        let ada = Person()
        #expect(Notice(job(ada, kind: "thumbnail")) == nil)
        #expect(Notice(job(ada, kind: "render", run: .v7())) == nil)
        #expect(Notice(job(ada, kind: "render"))?.kind == "job.succeeded")
        #expect(Notice(ada.run("running")) == nil)
    }

    @Test func preferencesAreKeptAndChecked() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            let first = try await world.send(.GET, "/api/v1/preferences", as: ada)
            #expect(first.body["email"] == true)
            let wanted: JSONValue = [
                "inApp": false, "email": true, "emailKinds": ["job.failed"],
                "quietHours": ["start": "22:00", "end": "07:00", "utcOffsetMinutes": 60],
            ]
            #expect(try await world.send(.PUT, "/api/v1/preferences", wanted, as: ada).status == 200)
            #expect(try await world.send(.GET, "/api/v1/preferences", as: ada).body == wanted)
            let bad: JSONValue = [
                "inApp": true, "email": true, "emailKinds": ["x"],
                "quietHours": ["start": "25:00", "end": "07:00", "utcOffsetMinutes": 6000],
            ]
            let refused = try await world.send(.PUT, "/api/v1/preferences", bad, as: ada)
            #expect(refused.status == 400)
            #expect(refused.body["errors"]?.arrayValue?.count == 3)
            // Not wanted in the product: kept as read.
            try await world.deliver(ada.run("succeeded"))
            #expect(try await world.send(.GET, "/api/v1/notifications?unread=true", as: ada).body["items"] == [])
        }
    }

    @Test func quietHoursGoOverMidnight() throws {
        let hours = QuietHours(start: "22:00", end: "07:00", utcOffsetMinutes: 60)
        // 21:30 UTC is 22:30 there; 8.5 hours remain.
        let late = try #require(Date(rfc3339: "2026-01-31T21:30:00Z"))
        #expect(hours.end(after: late) == late.addingTimeInterval(8.5 * 3600))
        let early = try #require(Date(rfc3339: "2026-01-31T05:59:00Z"))
        #expect(hours.end(after: early) == early.addingTimeInterval(60))
        #expect(hours.end(after: try #require(Date(rfc3339: "2026-01-31T06:00:00Z"))) == nil)
        #expect(hours.end(after: try #require(Date(rfc3339: "2026-01-31T12:00:00Z"))) == nil)
    }

    @Test func aMailIsInTheLedgerOnceAndOnlyWhereItIsWanted() async throws {
        try await NotifierWorld.run(["SMTP_URL": "smtp://127.0.0.1:1"]) { world in
            let ada = Person()
            try await world.deliver(
                UserRegistered(
                    userID: ada.id, workspaceID: ada.workspace, email: "ada@example.test", username: "ada", atMs: 0))
            try await world.deliver(ada.run("succeeded"), times: 2)
            try await world.deliver(ada.run("cancelled"))
            let mails = try await world.postgres.query("SELECT recipient, subject FROM mail").map {
                try $0.decode((String, String).self)
            }
            #expect(mails.count == 1)
            #expect(mails.first?.0 == "ada@example.test")
            // Nobody listens there: tried, and put back.
            try await eventually("a try") {
                try await world.count("SELECT count(*) FROM mail WHERE attempts > 0 AND status = 'pending'") == 1
            }
        }
    }
}
