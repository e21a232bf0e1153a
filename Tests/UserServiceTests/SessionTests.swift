import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceTestKit
import Telemetry
import TestKit
import Testing

@testable import UserService

@Suite struct SessionTests {
    @Test func refreshRotates() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            let second = try await world.refresh(first.text("refreshToken"))
            #expect(second.status == 200)
            #expect(try second.text("refreshToken") != first.text("refreshToken"))
            let (old, new) = (
                try await world.tokens.verify(first.text("accessToken")),
                try await world.tokens.verify(second.text("accessToken"))
            )
            #expect(old.sessionID == new.sessionID)
            // Nothing in the database is a token.
            let stored = try await world.count(
                "SELECT count(*) FROM refresh_token WHERE hash = convert_to(\(try second.text("refreshToken")), 'UTF8')"
            )
            #expect(stored == 0)
        }
    }

    @Test func aTokenUsedTwiceEndsTheFamily() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            let second = try await world.refresh(first.text("refreshToken"))
            #expect(try await world.refresh(first.text("refreshToken")).status == 401)
            #expect(try await world.refresh(second.text("refreshToken")).status == 401)
            #expect(try await world.count("SELECT count(*) FROM audit_entry WHERE action = 'refreshReused'") == 1)
            let told = MetricsRegistry.shared.text()
            #expect(told.contains("security_events_total{kind=\"refresh_reused\"} "))
            #expect(!told.contains("security_events_total{kind=\"refresh_reused\"} 0\n"))
            #expect(
                try await world.count(
                    "SELECT count(*) FROM outbox WHERE headers->>'ce_type' = 'atelier.user.v1.SessionRevoked'") == 1)
            // Another session of the same person goes on.
            #expect(try await world.login("ada").status == 200)
        }
    }

    /// R28: a thousand tokens, each used twice at the same time.
    @Test func concurrentDoubleUseLeavesNoLiveChild() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            let principal = try await world.tokens.verify(first.text("accessToken"))
            let count = 1000
            let tokens = (0..<count).map { _ in RefreshToken() }
            // The sessions are put in place without the passwords' price.
            let hashes = tokens.map(\.hash.hex)
            try await world.postgres.execute(
                """
                WITH made AS (
                    INSERT INTO session (id, user_id, workspace_id, address, user_agent, expires_at)
                    SELECT gen_random_uuid(), \(principal.userID), \(principal.workspaceID), '', h, now() + interval '1 day'
                    FROM unnest(\(hashes)::text[]) h RETURNING id, user_agent)
                INSERT INTO refresh_token (hash, session_id, expires_at)
                SELECT decode(user_agent, 'hex'), id, now() + interval '1 day' FROM made
                """)
            let results = try await withThrowingTaskGroup(of: [ServiceWorld.Answer].self) { group in
                var all: [[ServiceWorld.Answer]] = []
                for (index, token) in tokens.enumerated() {
                    if index >= 16, let pair = try await group.next() { all.append(pair) }
                    group.addTask {
                        async let left = world.refresh(token.text)
                        async let right = world.refresh(token.text)
                        return try await [left, right]
                    }
                }
                for try await pair in group { all.append(pair) }
                return all
            }
            #expect(results.count == count)
            #expect(results.allSatisfy { pair in pair.count { $0.status == 200 } <= 1 })
            #expect(results.allSatisfy { pair in pair.allSatisfy { [200, 401].contains($0.status) } })
            let alive = try await world.count(
                """
                SELECT count(*) FROM refresh_token t JOIN session s ON s.id = t.session_id
                WHERE t.used_at IS NULL AND s.revoked_at IS NULL AND s.user_agent <> ''
                """)
            #expect(alive == 0)
            let reused = try await world.count("SELECT count(*) FROM audit_entry WHERE action = 'refreshReused'")
            #expect(reused == count)
            #expect(try await AuditStore.firstBroken(on: world.postgres) == nil)
            let child = try #require(results.lazy.flatMap { $0 }.first { $0.status == 200 })
            #expect(try await world.refresh(child.text("refreshToken")).status == 401)
        }
    }

    @Test func logoutEndsTheSessionForEverybody() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            let second = try await world.login("ada")
            let token = try first.text("accessToken")
            #expect(try await world.send(.POST, "/api/v1/auth/logout", token: token).status == 204)
            #expect(try await world.send(.GET, "/api/v1/me", token: token).status == 401)
            #expect(try await world.refresh(first.text("refreshToken")).status == 401)
            // By refresh token, without an access token.
            let byRefresh = try await world.send(
                .POST, "/api/v1/auth/logout", ["refreshToken": .string(second.text("refreshToken"))])
            #expect(byRefresh.status == 204)
            #expect(try await world.refresh(second.text("refreshToken")).status == 401)
            let sessions = try [first, second].map { try $0.text("accessToken") }
            var expected: Set<String> = []
            for token in sessions {
                let parts = token.split(separator: ".")
                let claims = try JSON.decode(JSONValue.self, from: #require(Data(base64URL: parts[1])))
                expected.insert(try #require(claims["sid"]?.stringValue))
            }
            // What the other services ask for.
            let feed = try await world.send(
                .GET, "/internal/v1/revocations",
                token: ServiceTokens(secret: String(repeating: "s", count: 32), service: "storage")
                    .authorization(for: "user"))
            #expect(feed.status == 200)
            let ended = Set(feed.body["entries"]?.arrayValue?.compactMap { $0["sessionId"]?.stringValue } ?? [])
            #expect(Set(ended.map { $0.lowercased() }) == expected)
            #expect(try await world.send(.GET, "/internal/v1/revocations").status == 401)
        }
    }

    @Test func unknownAndExpiredRefreshTokensAreRefused() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            #expect(try await world.refresh("atr_unknown").status == 401)
            #expect(try await world.refresh("").status == 401)
            #expect(try await world.refresh(first.text("accessToken")).status == 401)
            try await world.postgres.execute("UPDATE refresh_token SET expires_at = now() - interval '1 second'")
            #expect(try await world.refresh(first.text("refreshToken")).status == 401)
        }
    }

    @Test func aDisabledAccountIsOut() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("ada")
            try await world.postgres.execute("UPDATE account SET is_disabled = true")
            #expect(try await world.send(.GET, "/api/v1/me", token: first.text("accessToken")).status == 401)
            #expect(try await world.refresh(first.text("refreshToken")).status == 401)
            #expect(try await world.login("ada").status == 401)
        }
    }

    @Test func theAuditLogShowsChanges() async throws {
        try await UserWorld.run { world in
            _ = try await world.register("ada")
            _ = try await world.login("ada")
            #expect(try await AuditStore.firstBroken(on: world.postgres) == nil)
            try await world.postgres.execute("UPDATE audit_entry SET body = replace(body, 'signedIn', 'x')")
            #expect(try await AuditStore.firstBroken(on: world.postgres) != nil)
        }
    }

    @Test func browsersHoldTheTokensInCookies() async throws {
        try await UserWorld.run { world in
            _ = try await world.register("ada")
            let answer = try await world.send(
                .POST, "/api/v1/auth/login",
                ["email": "ada@example.test", "password": .string(UserWorld.password), "cookies": true])
            #expect(answer.status == 200)
            #expect(answer.body["accessToken"] == nil)
            #expect(answer.body["refreshToken"] == nil)
            let set = answer.headers.all("Set-Cookie")
            #expect(set.count == 3)
            #expect(set.allSatisfy { $0.contains("SameSite=Strict") })
            #expect(set.filter { $0.contains("HttpOnly") }.count == 2)
            let pairs = set.compactMap { $0.split(separator: ";").first.map(String.init) }
            let csrf = try #require(pairs.first { $0.hasPrefix("atelier_csrf=") }).dropFirst("atelier_csrf=".count)
            var headers: HTTPHeaders = ["Cookie": pairs.joined(separator: "; ")]
            #expect(try await world.send(.GET, "/api/v1/me", headers: headers).status == 200)
            // Nothing is changed without the header.
            #expect(try await world.send(.PATCH, "/api/v1/me", .object([:]), headers: headers).status == 403)
            #expect(try await world.send(.POST, "/api/v1/auth/refresh", .object([:]), headers: headers).status == 403)
            headers.set("X-CSRF-Token", String(csrf))
            #expect(try await world.send(.PATCH, "/api/v1/me", .object([:]), headers: headers).status == 200)
            let refreshed = try await world.send(.POST, "/api/v1/auth/refresh", .object([:]), headers: headers)
            #expect(refreshed.status == 200)
            #expect(refreshed.headers.all("Set-Cookie").count == 3)
            let bye = try await world.send(.POST, "/api/v1/auth/logout", headers: headers)
            #expect(bye.status == 204)
            #expect(bye.headers.all("Set-Cookie").allSatisfy { $0.contains("Max-Age=0") })
            #expect(try await world.count("SELECT count(*) FROM session WHERE revoked_at IS NULL") == 1)
        }
    }
}
