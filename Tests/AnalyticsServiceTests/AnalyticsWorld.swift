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

@testable import AnalyticsService
@testable import Outbox
@testable import ServiceKit

struct WorldFailure: Error, CustomStringConvertible {
    let description: String
}

/// Analytics over a real database; events are handed to its subscriptions as the consumer would.
final class AnalyticsWorld: Sendable {
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
        _ environment: [String: String] = [:], _ body: (AnalyticsWorld) async throws -> T
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

    private static func make(
        _ database: TestDatabase, _ extra: [String: String]
    ) async throws -> AnalyticsWorld {
        let logger = Logger(service: "analytics", sink: MemoryLogSink())
        let environment = [
            "DATABASE_URL": database.url, "SERVICE_SECRET": String(repeating: "s", count: 32),
            "FOLD_INTERVAL_MS": "600000",
        ].merging(extra) { $1 }
        var reader = ConfigurationReader(environment: environment)
        let settings = AnalyticsConfiguration(&reader)
        let configuration = PlatformConfiguration(&reader, port: 8082)
        guard reader.faults.isEmpty else { throw WorldFailure(description: "\(reader.faults)") }
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, schema: "analytics"), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: postgres)
        try await Migrator.apply(AnalyticsApplication.migrations, module: "analytics", on: postgres)
        let key = try ES256PrivateKey()
        let signer = TokenSigner(key: key, keyID: "k")
        let tokens = TokenVerifier(
            keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: "k")])))
        let platform = Platform(
            name: "analytics", configuration: configuration, logger: logger, metrics: MetricsRegistry(),
            postgres: postgres, outbox: Outbox(source: "analytics"), http: HTTPClient(), tokens: tokens,
            serviceTokens: ServiceTokens(secret: configuration.serviceSecret, service: "analytics"))
        let assembly = try await AnalyticsApplication.assemble(settings, platform)
        return AnalyticsWorld(database, postgres, assembly, tokens, signer)
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

    /// The metrics of a person's workspace, or project.
    func metrics(_ person: Person, project: Bool = false) async throws -> JSONValue {
        let query = project ? "?projectId=\(person.project.text)" : ""
        let answer = try await send(.GET, "/api/v1/analytics/metrics\(query)", as: person)
        guard answer.status == 200 else { throw WorldFailure(description: "\(answer)") }
        return answer.body
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
    let project = UUID.v7()
    let role: Role

    init(workspace: UUID = .v7(), role: Role = .admin) {
        self.workspace = workspace
        self.role = role
    }

    var claims: AccessTokenClaims {
        AccessTokenClaims(
            userID: id, workspaceID: workspace, role: role, sessionID: session, lifetime: .seconds(600))
    }
}
