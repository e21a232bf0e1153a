import Auth
import Events
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import TestKit
import Testing

@testable import ProjectService

@Suite struct ProjectRoutesTests {
    @Test func makesChangesListsAndDeletes() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let made = try await bench.send(
                .POST, "/api/v1/projects", as: person, ["title": " Film ", "type": "video"])
            #expect(made.status == 201)
            #expect(made["title"] == "Film")
            #expect(made["status"] == "draft")
            let id = try #require(made["id"]?.stringValue)
            #expect(made.headers["Location"] == "/api/v1/projects/\(id)")
            let changed = try await bench.send(
                .PATCH, "/api/v1/projects/\(id)", as: person, ["title": "Film 2", "status": "scripting"])
            #expect(changed.status == 200)
            #expect(changed["version"] == 2)
            #expect(changed["status"] == "scripting")
            let jump = try await bench.send(.PATCH, "/api/v1/projects/\(id)", as: person, ["status": "published"])
            #expect(jump.status == 409)
            #expect(jump["code"] == "invalid_transition")
            let versions = try await bench.send(.GET, "/api/v1/projects/\(id)/versions", as: person)
            #expect(versions["items"]?.arrayValue?.compactMap { $0["title"]?.stringValue } == ["Film 2", "Film"])
            #expect(try await bench.send(.DELETE, "/api/v1/projects/\(id)", as: person).status == 204)
            #expect(try await bench.send(.GET, "/api/v1/projects/\(id)", as: person).status == 404)
            let told = try await bench.events(ProjectChanged.self)
            #expect(told.map(\.change) == ["created", "updated", "deleted"])
            #expect(told.allSatisfy { $0.workspaceID == person.workspace })
        }
    }

    @Test func anothersProjectIsNotFound() async throws {
        try await withBench { bench in
            let id = try await bench.project(of: Bench.Person())
            let other = Bench.Person()
            #expect(try await bench.send(.GET, "/api/v1/projects/\(id)", as: other).status == 404)
            #expect(try await bench.send(.PATCH, "/api/v1/projects/\(id)", as: other, ["title": "x"]).status == 404)
            #expect(try await bench.send(.DELETE, "/api/v1/projects/\(id)", as: other).status == 404)
            #expect(try await bench.send(.GET, "/api/v1/projects/\(id)/versions", as: other).status == 404)
            let list = try await bench.send(.GET, "/api/v1/projects", as: other)
            #expect(list["items"]?.arrayValue?.isEmpty == true)
            #expect(try await bench.send(.GET, "/api/v1/projects", as: nil).status == 401)
            let reader = Bench.Person(role: .user)
            #expect(try await bench.send(.POST, "/api/v1/projects", as: reader, ["title": "x"]).status == 403)
        }
    }

    @Test func pagesCoverEverythingOnce() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            var made: [String] = []
            for _ in 0..<7 { made.append(try await bench.project(of: person)) }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let target = "/api/v1/projects?limit=3" + (cursor.map { "&cursor=\($0)" } ?? "")
                let page = try await bench.send(.GET, target, as: person)
                seen += page["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
                cursor = page["nextCursor"]?.stringValue
            } while cursor != nil
            #expect(seen == made.reversed())
            for bad in ["cursor=x", "limit=0", "limit=101", "status=odd"] {
                #expect(try await bench.send(.GET, "/api/v1/projects?\(bad)", as: person).status == 400)
            }
            let found = try await bench.send(.GET, "/api/v1/projects?q=fIL&status=draft", as: person)
            #expect(found["items"]?.arrayValue?.count == 7)
        }
    }

    @Test func anIdempotencyKeyMakesOneProject() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let body: JSONValue = ["title": "Once"]
            let answers = try await withThrowingTaskGroup(of: Bench.Answer.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await bench.send(.POST, "/api/v1/projects", as: person, body, key: "k-1") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 || $0.status == 409 })
            let ids = Set(answers.compactMap { $0.status == 201 ? $0["id"]?.stringValue : nil })
            #expect(ids.count == 1)
            #expect(answers.count { $0.headers["Idempotency-Replayed"] == nil && $0.status == 201 } == 1)
            let reused = try await bench.send(.POST, "/api/v1/projects", as: person, ["title": "Other"], key: "k-1")
            #expect(reused.status == 422)
            #expect(reused["code"] == "idempotency_key_reused")
            // The key is the person's own.
            let other = try await bench.send(.POST, "/api/v1/projects", as: Bench.Person(), body, key: "k-1")
            #expect(other.status == 201)
            #expect(try await bench.send(.POST, "/api/v1/projects", as: person, body, key: "a b").status == 400)
            // An error is not kept: the same key may be used with what is right.
            #expect(
                try await bench.send(.POST, "/api/v1/projects", as: person, ["title": ""], key: "k-2").status == 400)
            #expect(try await bench.send(.POST, "/api/v1/projects", as: person, body, key: "k-2").status == 201)
            #expect(try await bench.postgres.query("SELECT 1 FROM project").count == 3)
        }
    }

    @Test func hostileTextIsJustText() async throws {
        try await withBench { bench in
            let person = Bench.Person()
            let title = "'; DROP TABLE project; -- \u{202E}\"}{$1"
            let made = try await bench.send(.POST, "/api/v1/projects", as: person, ["title": .string(title)])
            #expect(made["title"] == .string(title))
            #expect(try await bench.send(.POST, "/api/v1/projects", as: person, ["title": "a\0b"]).status == 400)
            #expect(try await bench.send(.GET, "/api/v1/projects/%27%20OR%201=1", as: person).status == 404)
            let search = try await bench.send(.GET, "/api/v1/projects?q=%25%27%00", as: person)
            #expect(search.status < 500)
        }
    }
}
