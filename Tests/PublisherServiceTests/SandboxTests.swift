import Foundation
import Glibc
import HTTP
import NetworkClient
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import PublisherService

/// The sandbox beside the tests, in a process of its own. A full build has it; a build of one part may not.
final class SandboxProcess: Sendable {
    static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/sandbox"
    static let isAvailable: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: program)
        if !found { print("SKIPPED: tests with the sandbox. It was not built: \(program)") }
        return found
    }()

    let url: String
    let http = HTTPClient()
    private let id: Int32
    private let folder: String

    init() throws {
        let port = FreePort.next()
        url = "http://127.0.0.1:\(port)"
        folder = "/tmp/atelier-sandbox-\(getpid())-\(port)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        id = try Command.start(
            Self.program, [],
            environment: [
                "PORT": "\(port)", "BROKER_PORT": "0", "SMTP_PORT": "\(FreePort.next())", "SANDBOX_FOLDER": folder,
                "HISTORY": folder + "/history.jsonl",
            ])
    }

    deinit {
        kill(id, SIGKILL)
        _ = Command.wait(id)
        try? FileManager.default.removeItem(atPath: folder)
    }

    func isUp() async -> Bool {
        (try? await http.execute(HTTPClientRequest(.GET, url + "/control/faults")))?.status == .ok
    }

    func plan(_ target: String, _ kind: String, times: Int = 1, retryAfterSeconds: Int? = nil) async throws {
        struct Fault: Encodable {
            let target: String
            let kind: String
            let times: Int
            let retryAfterSeconds: Int?
        }
        let fault = Fault(target: target, kind: kind, times: times, retryAfterSeconds: retryAfterSeconds)
        let answer = try await http.execute(.json(.POST, url + "/control/faults", fault))
        #expect(answer.status == .created)
    }

    /// What a person does in the browser: agrees, and is sent back with a code.
    func agree(_ authorizationURL: String) async throws -> [String: String] {
        let answer = try await http.execute(HTTPClientRequest(.GET, authorizationURL + "&approve=true"))
        let location = try #require(answer.headers["Location"])
        let items = try #require(URLComponents(string: location)?.queryItems)
        return Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
    }

    /// The posts that the network has, by reference.
    func posts() async throws -> [String] {
        struct Entry: Decodable {
            let action: String
            let key: String?
            let outcome: String
        }
        let entries: [Entry] = try await http.execute(HTTPClientRequest(.GET, url + "/history")).json()
        return entries.filter { $0.action == "post" && ["ok", "timeout_after_success"].contains($0.outcome) }
            .compactMap(\.key)
    }
}

/// The adapter against the sandbox's network, which fails as the real ones do.
@Suite(.enabled(if: SandboxProcess.isAvailable), .timeLimit(.minutes(2))) struct SandboxTests {
    @Test func onePostWhateverGoesWrong() async throws {
        let sandbox = try SandboxProcess()
        try await eventually("the sandbox") { await sandbox.isUp() }
        try await World.with { world in
            let networks = Networks([SandboxNetwork(url: sandbox.url, http: sandbox.http, timeout: .seconds(2))])
            let connections = AccountConnections(
                networks: networks, accounts: world.accounts, redirectURI: "https://x.example/callback")
            let start = try await connections.begin(
                platform: "sandbox", workspaceID: world.workspace, userID: world.user)
            let back = try await sandbox.agree(start.authorizationUrl)
            let account = try await connections.finish(
                code: back["code"] ?? "", state: back["state"] ?? "", issuer: back["iss"],
                workspaceID: world.workspace, userID: world.user)
            #expect(account.username.hasPrefix("creator-"))

            var sender = TargetSender(
                networks: networks, tokens: AccessTokens(networks: networks, accounts: world.accounts),
                assets: FakeAssets(), publications: world.publications, logger: .quiet)
            sender.policy = world.sender.policy
            let runner = PublicationRunner(
                publications: world.publications, sender: sender, slots: 4, logger: .quiet)
            let running = Task { try await runner.run() }
            let faults: [(target: String, kind: String)] = [
                ("upload", "unavailable"), ("upload", "half_upload"), ("upload", "expired_token"),
                ("post", "unavailable"), ("post", "expired_token"), ("post", "rate_limited"),
                ("post", "timeout_after_success"),
            ]
            for fault in faults {
                try await sandbox.plan(
                    fault.target, fault.kind, retryAfterSeconds: fault.kind == "rate_limited" ? 1 : nil)
                let ended = try await world.ended(try await world.publish([account]))
                #expect(ended.status == .published, "\(fault)")
                #expect(ended.targets[0].postUrl?.hasPrefix(sandbox.url) == true)
            }
            try await sandbox.plan("post", "refused")
            let refused = try await world.ended(try await world.publish([account]))
            #expect(refused.targets[0].error?.code == "content_refused")
            await runner.stop()
            try await running.value
            let posts = try await sandbox.posts()
            #expect(posts.count == faults.count)
            #expect(Set(posts).count == faults.count)

            let id = try await world.postgres.query("SELECT post_id FROM ledger WHERE status = 'confirmed' LIMIT 1")[0]
                .decode(String.self)
            let figures = try await sender.tokens.with(account.id) { network, token in
                try await network.figures(postID: id, token)
            }
            #expect(figures.views == 0)
        }
    }
}
