import Auth
import Configuration
import Crypto
import Events
import FoundationEssentials
import HTTP
import Lifecycle
import NetworkClient
import Postgres
import Primitives
import Telemetry
import TestKit

@testable import NotifierService
@testable import Outbox
@testable import ServiceKit

struct WorldFailure: Error, CustomStringConvertible {
    let description: String
}

/// The notifier over a real database; events are handed to its subscriptions as the consumer would.
final class NotifierWorld: Sendable {
    let database: TestDatabase
    let postgres: PostgresClient
    let assembly: Assembly
    let tokens: TokenVerifier
    let signer: TokenSigner
    private let parts: [any Service]
    private let tasks: [Task<Void, any Error>]

    private init(
        _ database: TestDatabase, _ postgres: PostgresClient, _ assembly: Assembly, _ tokens: TokenVerifier,
        _ signer: TokenSigner
    ) {
        self.database = database
        self.postgres = postgres
        self.assembly = assembly
        self.tokens = tokens
        self.signer = signer
        parts = [postgres] + assembly.services
        tasks = parts.map { part in Task { try await part.run() } }
    }

    static func run<T: Sendable>(
        _ environment: [String: String] = [:], _ body: (NotifierWorld) async throws -> T
    ) async throws -> T {
        try await withTestDatabase { database in
            let world = try await make(database, environment)
            do {
                let value = try await body(world)
                await world.stop()
                return value
            } catch {
                await world.stop()
                throw error
            }
        }
    }

    /// Another process of the service on the same database.
    func replica() async throws -> NotifierWorld { try await Self.make(database, [:], keys: (tokens, signer)) }

    private static func make(
        _ database: TestDatabase, _ extra: [String: String], keys: (TokenVerifier, TokenSigner)? = nil
    ) async throws -> NotifierWorld {
        let logger = Logger(service: "notifier", sink: MemoryLogSink())
        let environment = [
            "DATABASE_URL": database.url, "SERVICE_SECRET": String(repeating: "s", count: 32),
            "WEBHOOK_SEAL_SECRET": String(repeating: "w", count: 32), "WEBHOOK_ALLOW_PRIVATE": "true",
            "HEARTBEAT_MS": "1000",
        ].merging(extra) { $1 }
        var reader = ConfigurationReader(environment: environment)
        let settings = NotifierConfiguration(&reader)
        let configuration = PlatformConfiguration(&reader, port: 8088)
        guard reader.faults.isEmpty else { throw WorldFailure(description: "\(reader.faults)") }
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, schema: "notifier"), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: postgres)
        try await Migrator.apply(NotifierApplication.migrations, module: "notifier", on: postgres)
        let key = try ES256PrivateKey()
        let signer = keys?.1 ?? TokenSigner(key: key, keyID: "k")
        let tokens =
            keys?.0
            ?? TokenVerifier(keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: "k")])))
        let platform = Platform(
            name: "notifier", configuration: configuration, logger: logger, metrics: MetricsRegistry(),
            postgres: postgres, outbox: Outbox(source: "notifier"), http: HTTPClient(), tokens: tokens,
            serviceTokens: ServiceTokens(secret: configuration.serviceSecret, service: "notifier"))
        let assembly = try await NotifierApplication.assemble(settings, platform)
        return NotifierWorld(database, postgres, assembly, tokens, signer)
    }

    func stop() async {
        for part in parts.reversed() { await part.stop() }
        for task in tasks { _ = try? await task.value }
    }

    /// Hands an event over as often as `times` says: every time the same event.
    func deliver(_ payload: some EventPayload, times: Int = 1) async throws {
        let entry = try OutboxEntry(payload, source: "test")
        for _ in 0..<times {
            let event = try IncomingEvent(
                topic: entry.topic, partition: 0, offset: 0, key: entry.key, headers: entry.headers, value: entry.value)
            guard
                let subscription = assembly.subscriptions.first(where: {
                    $0.type == event.type && $0.topics.contains(event.topic)
                })
            else { throw WorldFailure(description: "nobody handles \(event.type)") }
            try await postgres.withTransaction { try await subscription.handle(event, $0) }
        }
    }

    func count(_ query: PostgresQuery) async throws -> Int {
        try await postgres.query(query)[0].decode(Int.self)
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, as person: Person,
        headers extra: HTTPHeaders = [:]
    ) async throws -> (status: Int, body: JSONValue) {
        let response = await assembly.routes.respond(to: try request(method, target, body, as: person, headers: extra))
        var content = JSONValue.null
        if case .data(let data) = response.body { content = try JSON.decode(JSONValue.self, from: data) }
        return (response.status.rawValue, content)
    }

    func request(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, as person: Person,
        headers extra: HTTPHeaders = [:]
    ) throws -> HTTPRequest {
        var headers = extra
        if body != nil { headers.set("Content-Type", "application/json") }
        headers.set("Authorization", "Bearer \(try signer.sign(person.claims))")
        return HTTPRequest(
            method: method, target: target, headers: headers,
            body: try body.map { .data(try JSON.encode($0)) } ?? .empty)
    }
}

/// Somebody who uses the product.
struct Person: Sendable {
    let id = UUID.v7()
    let workspace: UUID
    let session = UUID.v7()
    let role: Role

    init(workspace: UUID = .v7(), role: Role = .admin) {
        self.workspace = workspace
        self.role = role
    }

    var claims: AccessTokenClaims {
        AccessTokenClaims(
            userID: id, workspaceID: workspace, role: role, sessionID: session, lifetime: .seconds(600))
    }

    func run(_ status: String, id run: UUID = .v7(), progress: Int = 0) -> RunChanged {
        RunChanged(
            runID: run, workspaceID: workspace, userID: id, workflowID: "film", status: status, progress: progress,
            stepsDone: 0, stepsTotal: 1)
    }
}
