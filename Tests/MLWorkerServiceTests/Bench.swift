import Auth
import Configuration
import Crypto
import Events
import FoundationEssentials
import HTTP
import Jobs
import NetworkClient
import Outbox
import Postgres
import Primitives
import Telemetry
import TestKit

@testable import MLWorkerService
@testable import ServiceKit

/// The service on a database of its own, without sockets, Kafka and storage.
struct Bench: Sendable {
    let postgres: PostgresClient
    let parts: MLParts
    let assets: MemoryAssets
    let signer: TokenSigner
    let user = UUID.v7()
    let workspace = UUID.v7()

    func send(_ target: String, _ body: JSONValue, role: Role = .admin, key: String? = nil) async throws -> (
        Int, JSONValue
    ) {
        let claims = AccessTokenClaims(
            userID: user, workspaceID: workspace, role: role, sessionID: .v7(), lifetime: .seconds(600))
        var headers: HTTPHeaders = [
            "Authorization": "Bearer " + (try signer.sign(claims)), "Content-Type": "application/json",
        ]
        if let key { headers.set("Idempotency-Key", key) }
        var request = HTTPRequest(method: .POST, target: target, headers: headers)
        request.body = .data(try JSON.encode(body))
        let response = await parts.routes.respond(to: request, logger: Logger(service: "ml", sink: MemoryLogSink()))
        guard case .data(let data) = response.body else { return (response.status.rawValue, .null) }
        return (response.status.rawValue, try JSON.decode(from: data))
    }

    /// Gives the worker a command, as if Kafka had brought it.
    func command(_ kind: String, _ input: JSONValue, id: UUID = .v7(), run: UUID = .v7()) async throws -> UUID {
        let work = StartWork(
            workID: id, worker: .mlWorker, kind: kind, workspaceID: workspace, userID: user, runID: run, stepID: kind,
            attempt: 1, inputJSON: try JSON.text(input))
        try await postgres.withTransaction { try await parts.desk.start(work, in: $0) }
        return id
    }

    /// What was told of a piece of work, oldest first.
    func news(_ id: UUID) async throws -> [WorkChanged] {
        let rows = try await postgres.query(
            "SELECT value FROM outbox WHERE headers ->> 'ce_type' = \(WorkChanged.messageName) ORDER BY seq")
        return try rows.map { try ProtobufCoder.decode(WorkChanged.self, from: $0.decode(Data.self)) }
            .filter { $0.workID == id }
    }

    /// The last news of a piece of work, once it has ended.
    func end(_ id: UUID) async throws -> WorkChanged {
        try await eventually("the work \(id.text) ends", within: .seconds(60)) {
            try await news(id).last { ["succeeded", "failed", "cancelled"].contains($0.status) }
        }
    }
}

func withBench(_ environment: [String: String] = [:], _ body: (Bench) async throws -> Void) async throws {
    try await withTestDatabase { database in
        let logger = Logger(service: "ml-worker", sink: MemoryLogSink())
        let client = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, schema: "ml", poolSize: 8), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: client)
        try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: client)
        try await Migrator.apply(Jobs.migrations, module: "jobs", on: client)
        try await Migrator.apply(MLParts.migrations, module: "ml", on: client)
        let key = try ES256PrivateKey()
        let keyID = "bench"
        let verifier = TokenVerifier(
            keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: keyID)])))
        var reader = ConfigurationReader(environment: environment)
        let assets = MemoryAssets()
        let parts = MLParts(
            settings: MLConfiguration(&reader), postgres: client, outbox: Outbox(source: "ml-worker"),
            http: HTTPClient(), tokens: verifier, assets: assets, logger: logger)
        let bench = Bench(
            postgres: client, parts: parts, assets: assets, signer: TokenSigner(key: key, keyID: keyID))
        try await withRunning([client, parts.runner]) { try await body(bench) }
    }
}
