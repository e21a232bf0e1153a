import Auth
import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import Postgres
import Primitives
import ServiceTestKit
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import NotifierService

/// A receiver of webhooks, which answers as it is told.
private final class Receiver: Sendable {
    struct Call: Sendable {
        let headers: HTTPHeaders
        let body: Data
    }

    private let calls = Mutex<[Call]>([])
    private let statuses = Mutex<[Int]>([])
    let pause: Duration

    init(_ statuses: [Int] = [], pause: Duration = .zero) {
        self.statuses.withLock { $0 = statuses }
        self.pause = pause
    }

    var all: [Call] { calls.withLock { $0 } }

    func run(_ body: (String) async throws -> Void) async throws {
        var router = Router()
        router.post("/hook") { [self] request in
            let content = try await request.body.collect(upTo: 1 << 20)
            calls.withLock { $0.append(Call(headers: request.headers, body: content)) }
            try await Task.sleep(for: pause)
            return HTTPResponse(HTTPStatus(statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }))
        }
        let server = HTTPServer(
            router: router, host: "127.0.0.1", port: 0, logger: Logger(service: "receiver", sink: MemoryLogSink()))
        let task = Task { try await server.run() }
        try await server.ready()
        do { try await body("http://127.0.0.1:\(server.boundPort)/hook") } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        _ = try? await task.value
    }
}

@Suite struct WebhookTests {
    /// The check that a receiver makes, written from the specification alone.
    private func isSigned(_ call: Receiver.Call, by secret: String) throws -> Bool {
        let key = try #require(Data(base64Encoded: String(secret.dropFirst("whsec_".count))))
        let id = try #require(call.headers["webhook-id"])
        let timestamp = try #require(call.headers["webhook-timestamp"])
        let code = HMACSHA256.code(for: Data("\(id).\(timestamp).".utf8) + call.body, key: key).base64EncodedString()
        return call.headers["webhook-signature"]?.split(separator: " ").contains("v1,\(code)") ?? false
    }

    private func make(_ world: ServiceWorld, _ ada: Person, _ url: String, _ events: JSONValue = ["*"]) async throws
        -> (id: String, secret: String)
    {
        let made = try await world.send(.POST, "/api/v1/webhooks", ["url": .string(url), "events": events], as: ada)
        #expect(made.status == 201)
        return (try #require(made.body["id"]?.stringValue), try #require(made.body["secret"]?.stringValue))
    }

    @Test func deliversSignedAndOnce() async throws {
        try await NotifierWorld.run { world in
            let receiver = Receiver()
            try await receiver.run { url in
                let ada = Person()
                let hook = try await make(world, ada, url)
                try await world.deliver(ada.run("succeeded"), times: 3)
                try await eventually("delivery") {
                    try await world.count("SELECT count(*) FROM webhook_delivery WHERE status = 'delivered'") == 1
                }
                #expect(receiver.all.count == 1)
                let call = try #require(receiver.all.first)
                #expect(try isSigned(call, by: hook.secret))
                let body = try JSON.decode(JSONValue.self, from: call.body)
                #expect(body["type"] == "run.succeeded")
                #expect(body["data"]?["status"] == "succeeded")
                let log = try await world.send(.GET, "/api/v1/webhooks/\(hook.id)/deliveries", as: ada)
                #expect(log.body["items"]?.arrayValue?.first?["status"] == "delivered")
                // The secret is shown once, and not to be found in the database.
                let shown = try await world.send(.GET, "/api/v1/webhooks/\(hook.id)", as: ada)
                #expect(shown.body["secret"] == nil)
            }
        }
    }

    @Test func triesAgainWithTheSameIdAndANewTime() async throws {
        try await NotifierWorld.run { world in
            let receiver = Receiver([500, 302])
            try await receiver.run { url in
                let ada = Person()
                let hook = try await make(world, ada, url)
                try await world.deliver(ada.run("failed"))
                for tries in 1...3 {
                    try await eventually("try \(tries)") { receiver.all.count == tries }
                    try await eventually("noted") {
                        try await world.count(
                            "SELECT count(*) FROM webhook_delivery WHERE leased_until = '-infinity' AND attempts = \(tries)"
                        )
                            == 1
                    }
                    if tries < 3 {
                        // The wait that the schedule asks for, with its jitter.
                        let wait = try await world.postgres.query(
                            "SELECT extract(epoch FROM next_at - now())::float8 FROM webhook_delivery")[0]
                            .decode(Double.self)
                        #expect(wait > (tries == 1 ? 1 : 290) && wait <= (tries == 1 ? 5.5 : 330))
                    }
                    try await world.postgres.execute(
                        "UPDATE webhook_delivery SET next_at = now() - interval '1 second'")
                }
                #expect(Set(receiver.all.compactMap { $0.headers["webhook-id"] }).count == 1)
                for call in receiver.all { #expect(try isSigned(call, by: hook.secret)) }
                try await eventually("delivered") {
                    try await world.count("SELECT count(*) FROM webhook_delivery WHERE status = 'delivered'") == 1
                }
            }
        }
    }

    @Test func goneDisables() async throws {
        try await NotifierWorld.run { world in
            let receiver = Receiver([410])
            try await receiver.run { url in
                let ada = Person()
                let hook = try await make(world, ada, url)
                try await world.deliver(ada.run("failed"))
                try await eventually("disabled") {
                    let shown = try await world.send(.GET, "/api/v1/webhooks/\(hook.id)", as: ada)
                    return shown.body["status"] == "disabled"
                }
                try await world.deliver(ada.run("failed"))
                #expect(try await world.count("SELECT count(*) FROM webhook_delivery") == 1)
                let enabled = try await world.send(.PATCH, "/api/v1/webhooks/\(hook.id)", ["enabled": true], as: ada)
                #expect(enabled.body["status"] == "enabled")
            }
        }
    }

    @Test func bothSecretsSignWhileOneReplacesTheOther() async throws {
        try await NotifierWorld.run { world in
            let receiver = Receiver()
            try await receiver.run { url in
                let ada = Person()
                let hook = try await make(world, ada, url)
                let rotated = try await world.send(.POST, "/api/v1/webhooks/\(hook.id)/rotate-secret", as: ada)
                let new = try #require(rotated.body["secret"]?.stringValue)
                #expect(new != hook.secret)
                try await world.deliver(ada.run("failed"))
                try await eventually("a call") { receiver.all.count == 1 }
                #expect(try isSigned(receiver.all[0], by: hook.secret))
                #expect(try isSigned(receiver.all[0], by: new))
                try await world.postgres.execute("UPDATE webhook SET old_secret_until = now() - interval '1 second'")
                try await world.deliver(ada.run("failed"))
                try await eventually("another call") { receiver.all.count == 2 }
                #expect(try !isSigned(receiver.all[1], by: hook.secret))
                #expect(try isSigned(receiver.all[1], by: new))
            }
        }
    }

    @Test func aSlowReceiverDelaysNoOther() async throws {
        try await NotifierWorld.run { world in
            let (slow, quick) = (Receiver(pause: .seconds(4)), Receiver())
            try await slow.run { slowURL in
                try await quick.run { quickURL in
                    let ada = Person()
                    _ = try await make(world, ada, slowURL)
                    _ = try await make(world, ada, quickURL)
                    for _ in 0..<5 { try await world.deliver(ada.run("failed")) }
                    try await eventually("the quick one has all", within: .seconds(20)) { quick.all.count == 5 }
                    #expect(slow.all.count <= 2)
                }
            }
        }
    }

    @Test func onlyWhatWasAskedForAndOnlyByAdmins() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            _ = try await make(world, ada, "http://127.0.0.1:1/hook", ["run.failed"])
            try await world.deliver(ada.run("succeeded"))
            #expect(try await world.count("SELECT count(*) FROM webhook_delivery") == 0)
            let creative = Person(workspace: ada.workspace, role: .creative)
            let refused = try await world.send(.POST, "/api/v1/webhooks", ["url": "http://a.example/"], as: creative)
            #expect(refused.status == 403)
            let eve = Person()
            let id = try #require(
                try await world.send(.GET, "/api/v1/webhooks", as: ada).body["items"]?.arrayValue?[0]["id"]?.stringValue
            )
            #expect(try await world.send(.GET, "/api/v1/webhooks/\(id)", as: eve).status == 404)
            #expect(try await world.send(.DELETE, "/api/v1/webhooks/\(id)", as: eve).status == 404)
            #expect(try await world.send(.DELETE, "/api/v1/webhooks/\(id)", as: ada).status == 204)
            for body: JSONValue in [
                ["url": "ftp://a.example/"], ["url": "x"], ["url": "http://a.example/", "events": ["x"]],
            ] {
                #expect(try await world.send(.POST, "/api/v1/webhooks", body, as: ada).status == 400)
            }
        }
    }

    @Test func theScheduleIsTheStandards() {
        let waits = (1...9).map { RetrySchedule.wait(after: $0, jitter: 0)?.components.seconds }
        #expect(waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400])
        #expect(RetrySchedule.wait(after: 10) == nil)
        #expect(RetrySchedule.wait(after: 1, asked: .seconds(60), jitter: 0) == .seconds(60))
    }

    @Test(arguments: [
        "10.1.2.3", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "169.254.169.254", "172.16.0.1",
        "192.168.1.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "[::1]",
    ])
    func privateAddressesAreRefused(address: String) throws {
        let host = address.contains(":") && !address.hasPrefix("[") ? "[\(address)]" : address
        #expect(throws: Problem.self) { try WebhookTarget("https://\(host)/hook", allowsPrivate: false) }
    }

    @Test func publicAddressesAreTaken() throws {
        for host in ["example.com", "93.184.216.34", "[2606:2800:220:1::1]", "example.com:8443"] {
            _ = try WebhookTarget("https://\(host)/hook?x=1", allowsPrivate: false)
        }
        #expect(throws: Problem.self) { try WebhookTarget("http://example.com/", allowsPrivate: false) }
        #expect(throws: Problem.self) { try WebhookTarget("https://u:p@example.com/", allowsPrivate: true) }
    }
}
