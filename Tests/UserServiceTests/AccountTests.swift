import Auth
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceTestKit
import Testing

@testable import UserService

@Suite struct AccountTests {
    @Test func registersAndTellsOthers() async throws {
        try await UserWorld.run { world in
            let answer = try await world.register("Ada")
            #expect(answer.status == 201)
            let user = try #require(answer.body["user"])
            #expect(user["email"] == "Ada@example.test")
            #expect(user["workspaceRole"] == "admin")
            #expect(answer.body["expiresIn"] == 600)
            let principal = try await world.tokens.verify(answer.text("accessToken"))
            #expect(principal.userID.text == user["id"]?.stringValue)
            #expect(principal.workspaceID.text == user["workspaceId"]?.stringValue)
            #expect(principal.role == .admin)
            let me = try await world.send(.GET, "/api/v1/me", token: answer.text("accessToken"))
            #expect(me.status == 200)
            #expect(me.body["username"] == "Ada")
            #expect(
                try await world.count(
                    "SELECT count(*) FROM outbox WHERE headers->>'ce_type' = 'atelier.user.v1.UserRegistered'") == 1)
            #expect(try await AuditStore.firstBroken(on: world.postgres) == nil)
        }
    }

    @Test func namesAndAddressesAreUniqueWithoutCase() async throws {
        try await UserWorld.run { world in
            #expect(try await world.register("grace").status == 201)
            let sameAddress = try await world.send(
                .POST, "/api/v1/auth/register",
                ["email": "GRACE@Example.TEST", "username": "other", "password": .string(UserWorld.password)])
            #expect(sameAddress.status == 409)
            #expect(sameAddress.code == "email_taken")
            let sameName = try await world.send(
                .POST, "/api/v1/auth/register",
                ["email": "other@example.test", "username": "Grace", "password": .string(UserWorld.password)])
            #expect(sameName.status == 409)
            #expect(sameName.code == "username_taken")
            #expect(try await world.count("SELECT count(*) FROM account") == 1)
            #expect(try await world.count("SELECT count(*) FROM workspace") == 1)
        }
    }

    @Test func everyFaultyFieldIsNamed() async throws {
        try await UserWorld.run { world in
            let answer = try await world.send(
                .POST, "/api/v1/auth/register", ["email": "x", "username": "a b", "password": "short"])
            #expect(answer.status == 400)
            let fields = answer.body["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue }
            #expect(fields == ["email", "username", "password"])
            let missing = try await world.send(.POST, "/api/v1/auth/register", ["email": "a@b.cd"])
            #expect(missing.status == 400)
        }
    }

    @Test func sameIdempotencyKeyMakesOneAccount() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("alan", headers: ["Idempotency-Key": "k1"])
            let again = try await world.register("alan", headers: ["Idempotency-Key": "k1"])
            #expect(first.status == 201)
            #expect(again.status == 201)
            #expect(again.body == first.body)
            #expect(again.headers["Idempotency-Replayed"] == "true")
            let other = try await world.register("other", headers: ["Idempotency-Key": "k1"])
            #expect(other.status == 422)
            // The kept answer carries tokens: it is sealed.
            let leaks = try await world.count(
                "SELECT count(*) FROM idempotency_key WHERE position('accessToken'::bytea IN body) > 0")
            #expect(leaks == 0)
        }
    }

    @Test func wrongPasswordAndUnknownNameLookAlike() async throws {
        try await UserWorld.run { world in
            _ = try await world.register("linus")
            let wrong = try await world.login("linus", "not the password")
            let unknown = try await world.login("nobody", "not the password")
            #expect(wrong.status == 401)
            #expect(wrong.status == unknown.status)
            #expect(wrong.body == unknown.body)
            let byName = try await world.send(
                .POST, "/api/v1/auth/login", ["username": "LINUS", "password": .string(UserWorld.password)])
            #expect(byName.status == 200)
        }
    }

    @Test func guessingIsSlowedDownForKnownAndUnknownNames() async throws {
        try await UserWorld.run { world in
            _ = try await world.register("ken")
            for name in ["ken", "nobody"] {
                for _ in 0..<10 { _ = try await world.login(name, "wrong password") }
                let answer = try await world.login(name)
                #expect(answer.status == 429)
                #expect(answer.headers["Retry-After"] != nil)
            }
        }
    }

    /// R30: the form of what is stored, salts, long and Unicode passwords, stronger parameters at the next sign-in.
    @Test func passwordsAreStoredWellAndMadeStronger() async throws {
        try await UserWorld.run { world in
            let long = String(repeating: "größe ", count: 30)
            for (name, password) in [("one", long + "a"), ("two", long + "a")] {
                let answer = try await world.send(
                    .POST, "/api/v1/auth/register",
                    [
                        "email": .string("\(name)@example.test"), "username": .string(name),
                        "password": .string(password),
                    ])
                #expect(answer.status == 201)
            }
            let hashes = try await world.postgres.query("SELECT password_hash FROM account").map {
                try $0.decode(String.self)
            }
            #expect(hashes.allSatisfy { $0.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$") })
            #expect(Set(hashes).count == 2)
            #expect(try await world.login("one", long + "b").status == 401)
            #expect(try await world.login("one", long + "a").status == 200)
            let weak = try Argon2id(memoryKiB: 64, passes: 1).hash(long + "a")
            try await world.postgres.execute("UPDATE account SET password_hash = \(weak) WHERE username = 'two'")
            #expect(try await world.login("two", long + "a").status == 200)
            #expect(
                try await world.count(
                    "SELECT count(*) FROM account WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,%'") == 2)
        }
    }

    @Test func aNewPasswordEndsTheOtherSessions() async throws {
        try await UserWorld.run { world in
            let first = try await world.register("barbara")
            let second = try await world.login("barbara")
            let refused = try await world.send(
                .PATCH, "/api/v1/me", ["currentPassword": "wrong", "newPassword": "another long one"],
                token: second.text("accessToken"))
            #expect(refused.status == 403)
            let changed = try await world.send(
                .PATCH, "/api/v1/me",
                [
                    "currentPassword": .string(UserWorld.password), "newPassword": "another long one",
                    "displayName": "Barbara L.", "role": "admin", "id": "x",
                ], token: second.text("accessToken"))
            #expect(changed.status == 200)
            #expect(changed.body["displayName"] == "Barbara L.")
            // What is not for people to set stays.
            #expect(changed.body["role"] == "user")
            #expect(try await world.refresh(first.text("refreshToken")).status == 401)
            #expect(try await world.refresh(second.text("refreshToken")).status == 200)
            #expect(try await world.login("barbara").status == 401)
            #expect(try await world.login("barbara", "another long one").status == 200)
        }
    }

    @Test func surplusSignInsAreToldToComeAgain() async throws {
        try await UserWorld.run(["ARGON2_THREADS": "1", "ARGON2_QUEUE": "2"]) { world in
            _ = try await world.register("many")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 { group.addTask { try await world.login("many").status } }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses[503, default: 0] > 0)
            #expect(statuses[200, default: 0] > 0)
            #expect(statuses[200, default: 0] + statuses[503, default: 0] == 30)
        }
    }
}
