import FoundationEssentials
import Postgres
import Primitives
import ServiceKit

/// What an operator may do with the keys that sign access tokens.
enum KeyCommands {
    static let all: [OperatorCommand<UserConfiguration>] = [
        OperatorCommand("keys list", "the keys that sign access tokens: which one signs, until when each is needed") {
            settings, platform, call in
            let store = KeyStore(platform.postgres, secret: settings.sealSecret)
            return KeyReport(try await store.entries(limit: call.limit), settings.keyPlan).answer("")
        },
        OperatorCommand(
            "keys rotate", changes: true,
            "makes the next key now: it is published at once and signs a while later; tokens stay good"
        ) { settings, platform, call in
            try await change(settings, platform, call) { $0.rotation($1, now: $2) }
        },
        OperatorCommand(
            "keys retire", arguments: ["ID"], changes: true,
            "ends a key that leaked: tokens that it signed are refused within a minute"
        ) { settings, platform, call in
            let id = call.arguments[0]
            let store = KeyStore(platform.postgres, secret: settings.sealSecret)
            guard try await store.has(id) else { throw OperatorRefusal(reason: "there is no key \(id)") }
            return try await change(settings, platform, call) { $0.retirement(of: id, $1, now: $2) }
        },
    ]

    private static func change(
        _ settings: UserConfiguration, _ platform: Platform, _ call: OperatorCall,
        _ steps: (KeyPlan, [KeyFact], Date) -> [KeyPlan.Step]
    ) async throws -> OperatorAnswer {
        let plan = settings.keyPlan
        let store = KeyStore(platform.postgres, secret: settings.sealSecret)
        let taken: [KeyPlan.Step]
        if call.applies {
            // A key that the service could not open would be worse than none.
            _ = try await store.load()
            taken = try await store.plan(by: "operator") { steps(plan, $0, Date()) }
        } else {
            let facts = try await store.entries(limit: 1000).filter { $0.retiredAt == nil }
            taken = steps(plan, facts.map { KeyFact(id: $0.id, signsFrom: $0.signsFrom) }, Date())
        }
        let said = taken.map { step in
            switch step {
            case .make(let from): "a new key, which signs from \(from.rfc3339)"
            case .retire(let id): "the end of the key \(id)"
            }
        }
        let head =
            said.isEmpty ? "nothing to change" : (call.applies ? "done: " : "to do: ") + said.joined(separator: ", ")
        return KeyReport(try await store.entries(limit: call.limit), plan, steps: said, applied: call.applies)
            .answer(head + "\n\n")
    }
}

/// The signing keys as an operator sees them.
private struct KeyReport: Encodable, Sendable {
    struct Key: Encodable, Sendable {
        let id: String
        let state: String
        let createdAt, signsFrom: Date
        let neededUntil, retiredAt: Date?
    }

    let keys: [Key]
    let steps: [String]?
    let applied: Bool?

    init(_ entries: [KeyStore.Entry], _ plan: KeyPlan, steps: [String]? = nil, applied: Bool? = nil) {
        let now = Date()
        let facts = entries.filter { $0.retiredAt == nil }.map { KeyFact(id: $0.id, signsFrom: $0.signsFrom) }
        let current = KeyPlan.current(facts, now: now)
        keys = entries.map { entry in
            let state =
                entry.retiredAt != nil
                ? "retired" : entry.signsFrom > now ? "waits" : entry.id == current?.id ? "signs" : "verifies"
            // Others go on to verify with a key until the last token of it has ended.
            let successor = facts.filter { $0.signsFrom > entry.signsFrom }.map(\.signsFrom).min()
            let until = entry.retiredAt == nil ? successor?.addingTimeInterval(plan.tail.seconds) : nil
            return Key(
                id: entry.id, state: state, createdAt: entry.createdAt, signsFrom: entry.signsFrom, neededUntil: until,
                retiredAt: entry.retiredAt)
        }
        (self.steps, self.applied) = (steps, applied)
    }

    func answer(_ head: String) -> OperatorAnswer {
        let rows = keys.map { key in
            [
                key.id, key.state, key.createdAt.rfc3339, key.signsFrom.rfc3339, key.neededUntil?.rfc3339 ?? "-",
                key.retiredAt?.rfc3339 ?? "-",
            ]
        }
        let head = head + (keys.isEmpty ? "no keys yet\n" : "")
        let table =
            rows.isEmpty
            ? "" : Columns.text([["KEY", "STATE", "MADE", "SIGNS FROM", "NEEDED UNTIL", "RETIRED"]] + rows)
        return OperatorAnswer(text: head + table, document: self)
    }
}
