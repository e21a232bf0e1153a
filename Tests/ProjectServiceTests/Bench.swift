import Auth
import Crypto
import Events
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives
import ServiceKit
import Telemetry
import TestKit

@testable import ProjectService

/// The service on a database of its own, without sockets and without Kafka: events are read from the outbox's table.
struct Bench: Sendable {
    let postgres: PostgresClient
    let url: String
    let outbox: Outbox
    let parts: ProjectParts
    let signer: TokenSigner
    let logger: Logger

    /// The one asset, and account, that nobody has.
    static let missing = UUID.v7()
    static let directory = ResourceDirectory { ids, _ in ids.filter { $0 == missing } }

    /// A person in a workspace.
    struct Person: Sendable {
        let user = UUID.v7()
        let workspace = UUID.v7()
        var role = Role.admin
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let json: JSONValue
        subscript(name: String) -> JSONValue? { json[name] }
    }

    func send(
        _ method: HTTPMethod, _ target: String, as person: Person?, _ body: JSONValue? = nil, key: String? = nil
    ) async throws -> Answer {
        var headers = HTTPHeaders()
        if let person {
            let claims = AccessTokenClaims(
                userID: person.user, workspaceID: person.workspace, role: person.role, sessionID: .v7(),
                lifetime: .seconds(600))
            headers.set("Authorization", "Bearer " + (try signer.sign(claims)))
        }
        if let key { headers.set("Idempotency-Key", key) }
        var request = HTTPRequest(method: method, target: target, headers: headers)
        if let body {
            request.headers.set("Content-Type", "application/json")
            request.body = .data(try JSON.encode(body))
        }
        var routes = parts.routes
        routes.wrap(DatabaseProblems.middleware)
        let response = await routes.respond(to: request, logger: logger)
        var data = Data()
        if case .data(let bytes) = response.body { data = bytes }
        return Answer(
            status: response.status.rawValue, headers: response.headers,
            json: data.isEmpty ? .null : try JSON.decode(JSONValue.self, from: data))
    }

    func project(of person: Person) async throws -> String {
        try await send(.POST, "/api/v1/projects", as: person, ["title": "Film"])["id"]?.stringValue ?? ""
    }

    /// The events of one type that were told so far, oldest first.
    func events<P: EventPayload>(_ type: P.Type) async throws -> [P] {
        let rows = try await postgres.query(
            "SELECT value FROM outbox WHERE headers ->> 'ce_type' = \(P.messageName) ORDER BY seq")
        return try rows.map { try ProtobufCoder.decode(type, from: $0.decode(Data.self)) }
    }

    func tell(_ change: WorkChanged, at time: Date = Date()) async throws {
        try await postgres.withTransaction { try await parts.take(change, at: time, in: $0) }
    }
}

func withBench<T: Sendable>(poolSize: Int = 10, _ body: (Bench) async throws -> T) async throws -> T {
    try await withTestDatabase { database in
        let logger = Logger(service: "project", sink: MemoryLogSink())
        let configuration = PostgresConfiguration(
            url: database.url, schema: "project", poolSize: poolSize, acquireTimeout: .seconds(60))
        let client = try PostgresClient(configuration: configuration, logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: client)
        try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: client)
        try await Migrator.apply(ProjectParts.migrations, module: "project", on: client)
        let key = try ES256PrivateKey()
        let keyID = "bench"
        let verifier = TokenVerifier(
            keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: keyID)])))
        let outbox = Outbox(source: "project")
        let parts = try ProjectParts(
            postgres: client, outbox: outbox, tokens: verifier,
            assets: Bench.directory, accounts: Bench.directory,
            metrics: MetricsRegistry())
        let bench = Bench(
            postgres: client, url: database.url, outbox: outbox, parts: parts,
            signer: TokenSigner(key: key, keyID: keyID), logger: logger)
        return try await withRunning([client]) { try await body(bench) }
    }
}
