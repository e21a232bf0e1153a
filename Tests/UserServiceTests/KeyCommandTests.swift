import Auth
import FoundationEssentials
import Postgres
import Primitives
import ServiceTestKit
import TestKit
import Testing

@testable import ServiceKit
@testable import UserService

@Suite("An operator rotates and ends signing keys")
struct KeyCommandTests {
    private let plan = KeyPlan(life: .seconds(1000), lead: .seconds(100), tail: .seconds(50))
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test("the next key is made once, a lead before it signs")
    func rotation() {
        let first = KeyFact(id: "a", signsFrom: start)
        let now = start.addingTimeInterval(10)
        #expect(plan.rotation([first], now: now) == [.make(signsFrom: now.addingTimeInterval(100))])
        #expect(plan.rotation([first, KeyFact(id: "b", signsFrom: now.addingTimeInterval(1))], now: now) == [])
        #expect(plan.rotation([], now: now) == [.make(signsFrom: now)])
    }

    @Test("a key that leaked ends; where it signed, a new one signs, not an older one")
    func retirement() {
        let keys = [KeyFact(id: "a", signsFrom: start), KeyFact(id: "b", signsFrom: start.addingTimeInterval(5))]
        let now = start.addingTimeInterval(10)
        #expect(plan.retirement(of: "b", keys, now: now) == [.retire("b"), .make(signsFrom: now)])
        #expect(plan.retirement(of: "a", keys, now: now) == [.retire("a")])
        #expect(plan.retirement(of: "c", keys, now: now) == [])
    }

    @Test("nothing happens without --apply; twice is once; tokens stay good; a retired key's do not")
    func words() async throws {
        // A key that waits signs some seconds later: long enough to be seen waiting on a busy machine.
        try await UserWorld.run(["SIGNING_KEY_LEAD_MS": "6000"]) { world in
            let old = try await world.register("ada").text("accessToken")
            let before = try await world.keys("keys list")
            let first = try #require(before["keys"]?.arrayValue?.first?["id"]?.stringValue)
            #expect(before["keys"]?.arrayValue?.map { $0["state"] } == ["signs"])

            let planned = try await world.keys("keys rotate")
            #expect(planned["applied"] == false && planned["steps"]?.arrayValue?.count == 1)
            #expect(try await world.count("SELECT count(*)::int FROM signing_key") == 1)
            #expect(try await world.say("keys rotate").text.hasSuffix("with --apply it is done.\n"))

            let done = try await world.keys("keys rotate --apply")
            #expect(done["keys"]?.arrayValue?.map { $0["state"] } == ["waits", "signs"])
            let again = try await world.keys("keys rotate --apply")
            #expect(again["steps"] == [])
            #expect(try await world.count("SELECT count(*)::int FROM signing_key") == 2)
            #expect(
                try await world.count(
                    "SELECT count(*)::int FROM audit_entry WHERE body::jsonb->>'actor' = 'operator'") == 1)

            try await eventually("the new key signs") {
                try await world.keys("keys list")["keys"]?.arrayValue?.map { $0["state"] } == ["signs", "verifies"]
            }
            _ = try await world.tokens.verify(old)

            #expect(try await world.say("keys retire nobody --apply").code == 1)
            let ended = try await world.keys("keys retire \(first) --apply")
            #expect(ended["keys"]?.arrayValue?.map { $0["state"] } == ["signs", "retired"])
            #expect(try await world.keys("keys retire \(first) --apply")["steps"] == [])
            #expect(
                try await world.count(
                    "SELECT length(sealed_private_key) FROM signing_key WHERE retired_at IS NOT NULL") == 0)
            let text = try await world.say("keys list").text
            #expect(text.contains("retired") && !text.contains("PRIVATE"))
        }
    }

    @Test("a secret that does not open the keys changes nothing; wrong words end with 64")
    func refusals() async throws {
        try await UserWorld.run { world in
            let wrong = String(repeating: "x", count: 32)
            let refused = try await world.say("keys rotate --apply", ["KEY_SEAL_SECRET": wrong])
            #expect(refused.code == 1)
            #expect(try await world.count("SELECT count(*)::int FROM signing_key") == 1)
            for words in ["keys", "keys dance", "keys rotate now", "keys retire", "keys list --apply"] {
                #expect(try await world.say(words).code == 64, "\(words)")
            }
            #expect(try await world.say("keys --help").code == 0)
        }
    }
}

extension ServiceWorld {
    /// Says words of an operator to the executable.
    fileprivate func say(
        _ words: String, _ settings: [String: String] = [:]
    ) async throws -> (code: Int32, text: String) {
        try await say(
            words, to: UserApplication.definition,
            ["KEY_SEAL_SECRET": String(repeating: "k", count: 32), "SIGNING_KEY_LEAD_MS": "6000"]
                .merging(settings) { $1 })
    }

    fileprivate func keys(_ words: String) async throws -> JSONValue {
        try JSON.decode(JSONValue.self, from: try await say(words + " --json").text)
    }
}
