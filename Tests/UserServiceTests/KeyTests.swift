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

@Suite struct KeyTests {
    private let plan = KeyPlan(life: .seconds(1000), lead: .seconds(100), tail: .seconds(50))
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private func at(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }

    @Test func theFirstKeySignsAtOnce() {
        #expect(plan.steps([], now: start) == [.make(signsFrom: start)])
        #expect(KeyPlan.current([], now: start) == nil)
    }

    @Test func theNextKeyIsPublishedBeforeItSigns() {
        let first = KeyFact(id: "a", signsFrom: start)
        #expect(plan.steps([first], now: at(899)) == [])
        #expect(plan.steps([first], now: at(900)) == [.make(signsFrom: at(1000))])
        // Late: still a whole lead before it signs.
        #expect(plan.steps([first], now: at(5000)) == [.make(signsFrom: at(5100))])
        let second = KeyFact(id: "b", signsFrom: at(1000))
        #expect(plan.steps([first, second], now: at(950)) == [])
        #expect(KeyPlan.current([first, second], now: at(999)) == first)
        #expect(KeyPlan.current([first, second], now: at(1000)) == second)
    }

    @Test func anOldKeyStaysPublishedUntilItsLastTokenHasEnded() {
        let keys = [KeyFact(id: "a", signsFrom: start), KeyFact(id: "b", signsFrom: at(1000))]
        #expect(plan.steps(keys, now: at(1050)) == [])
        #expect(plan.steps(keys, now: at(1051)) == [.retire("a")])
    }

    @Test func everyInstantHasAKeyThatIsKnownLongEnough() {
        // A walk through time: whatever signs was published a lead before (except the first).
        var keys: [KeyFact] = []
        var made: [String: Date] = [:]
        for second in stride(from: 0.0, to: 20_000, by: 7) {
            for step in plan.steps(keys, now: at(second)) {
                switch step {
                case .make(let signsFrom):
                    let id = "key\(made.count)"
                    made[id] = at(second)
                    keys.append(KeyFact(id: id, signsFrom: signsFrom))
                case .retire(let id): keys.removeAll { $0.id == id }
                }
            }
            guard let current = KeyPlan.current(keys, now: at(second)) else {
                Issue.record("no key at \(second)")
                return
            }
            if current.id != "key0", let published = made[current.id] {
                #expect(current.signsFrom.timeIntervalSince(published) >= 100)
            }
            #expect(keys.count <= 3)
        }
        #expect(made.count > 15)
    }

    @Test func rotationKeepsOldTokensGood() async throws {
        // A lead of one second: the second key signs soon.
        try await UserWorld.run(["SIGNING_KEY_LIFE_MS": "60000", "SIGNING_KEY_LEAD_MS": "1000"]) { world in
            let first = try await world.register("ada")
            let old = try first.text("accessToken")
            _ = try await world.tokens.verify(old)
            // The first key's time is over.
            try await world.postgres.execute("UPDATE signing_key SET signs_from = signs_from - interval '1 hour'")
            let store = KeyStore(world.postgres, secret: String(repeating: "k", count: 32))
            let ring = KeyRing()
            let rotation = KeyRotation(
                store, ring, KeyPlan(life: .seconds(60), lead: .seconds(2), tail: .seconds(660)),
                logger: Logger(service: "test", sink: MemoryLogSink()))
            try await rotation.turn()
            #expect(ring.document.keys.count == 2)
            let claims = AccessTokenClaims(
                userID: .v7(), workspaceID: .v7(), role: .user, sessionID: .v7(), lifetime: .seconds(600))
            let before = try ring.sign(claims, now: Date().addingTimeInterval(-5))
            #expect(before.split(separator: ".")[0] == old.split(separator: ".")[0])
            try await eventually("the new key signs") {
                let claims = AccessTokenClaims(
                    userID: .v7(), workspaceID: .v7(), role: .user, sessionID: .v7(), lifetime: .seconds(600))
                return try ring.sign(claims).split(separator: ".")[0] != old.split(separator: ".")[0]
            }
            let verifier = TokenVerifier(keys: KeyDirectory(keys: ring.document))
            _ = try await verifier.verify(old)
            _ = try await verifier.verify(ring.sign(claims))
        }
    }

    @Test func privateKeysAreSealed() async throws {
        try await UserWorld.run { world in
            let sealed = try await world.postgres.query("SELECT sealed_private_key FROM signing_key")[0].decode(
                Data.self)
            #expect(!sealed.isEmpty)
            #expect(!String(decoding: sealed, as: UTF8.self).contains("PRIVATE KEY"))
            let other = KeyStore(world.postgres, secret: String(repeating: "x", count: 32))
            await #expect(throws: (any Error).self) { try await other.load() }
            let answer = try await world.send(.GET, "/.well-known/jwks.json")
            #expect(answer.status == 200)
            let key = try #require(answer.body["keys"]?.arrayValue?.first)
            #expect(key["d"] == nil)
            #expect(key["alg"] == "ES256")
        }
    }
}
