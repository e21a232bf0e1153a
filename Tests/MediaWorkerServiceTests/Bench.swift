import Assets
import Auth
import Crypto
import Events
import Foundation
import HTTP
import Jobs
import NetworkClient
import Outbox
import Postgres
import Primitives
import ServiceKit
import Telemetry
import TestKit

@testable import MediaWorkerService

/// The service on a database of its own and beside a storage of ours, without Kafka: events are read from the outbox.
struct Bench: Sendable {
    let postgres: PostgresClient
    let store: JobStore
    let routes: MediaRoutes
    let work: MediaWork
    let storage: FakeStorage
    let folder: TemporaryFolder
    let signer: TokenSigner

    let user = UUID.v7()
    let workspace = UUID.v7()

    /// Runs the service's runners for as long as `body` does.
    func running<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        var timing = JobRunner.Timing()
        timing.poll = .milliseconds(50)
        timing.backoff = Backoff(base: .milliseconds(1), maximum: .milliseconds(2))
        let logger = Logger(service: "media", sink: MemoryLogSink())
        let runners = [work.quick, work.long].map {
            JobRunner(store: store, slots: 2, handlers: $0, timing: timing, logger: logger)
        }
        return try await withRunning(runners, body)
    }

    /// A new asset, as storage tells of it.
    func create(_ path: String, kind: String) async throws -> UUID {
        let id = storage.add(path, kind: kind, workspace: workspace)
        let event = AssetCreated(
            assetID: id, workspaceID: workspace, ownerID: user, filename: "f", contentType: "x/y", size: 1, sha256: "",
            kind: kind, origin: "upload")
        try await postgres.withTransaction { tx in
            for request in AssetCreatedConsumer.requests(for: event) { try await store.enqueue(request, in: tx) }
        }
        return id
    }

    func job(_ asset: UUID, _ kind: WorkKind) async throws -> Job? {
        try await store.job(.derived(from: asset, kind.rawValue), workspaceID: workspace)
    }

    /// Waits until all jobs have ended, and returns them.
    func settled(within limit: Duration = .seconds(120)) async throws -> [Job] {
        try await eventually("all jobs ended", within: limit) {
            try await store.jobs(workspaceID: workspace).allSatisfy { $0.status.isFinal }
        }
        return try await store.jobs(workspaceID: workspace)
    }

    func events<P: EventPayload>(_ type: P.Type) async throws -> [P] {
        let rows = try await postgres.query(
            "SELECT value FROM outbox WHERE headers ->> 'ce_type' = \(P.messageName) ORDER BY seq")
        return try rows.map { try ProtobufCoder.decode(type, from: $0.decode(Data.self)) }
    }

    func post(_ path: String, _ body: JSONValue, key: String? = nil, role: Role = .admin, workspace: UUID? = nil)
        async throws -> (status: Int, json: JSONValue)
    {
        let claims = AccessTokenClaims(
            userID: user, workspaceID: workspace ?? self.workspace, role: role, sessionID: .v7(),
            lifetime: .seconds(600))
        var headers: HTTPHeaders = ["Authorization": "Bearer " + (try signer.sign(claims))]
        headers.set("Content-Type", "application/json")
        if let key { headers.set("Idempotency-Key", key) }
        let request = HTTPRequest(
            method: .POST, target: path, headers: headers, body: .data(try JSON.encode(body)))
        let response = await routes.router.respond(to: request)
        guard case .data(let data) = response.body else { return (response.status.rawValue, .null) }
        return (response.status.rawValue, try JSON.decode(JSONValue.self, from: data))
    }
}

func withBench<T: Sendable>(_ body: (Bench) async throws -> T) async throws -> T {
    try await FakeStorage.run { storage in
        try await withTestDatabase { database in
            let logger = Logger(service: "media", sink: MemoryLogSink())
            let client = try PostgresClient(
                configuration: PostgresConfiguration(url: database.url, schema: "media"), logger: logger)
            try await Migrator.apply(Outbox.migrations, module: "outbox", on: client)
            try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: client)
            try await Migrator.apply(Jobs.migrations, module: "jobs", on: client)
            try await Migrator.apply(definition.migrations, module: "media-worker", on: client)
            let key = try ES256PrivateKey()
            let keyID = "bench"
            let verifier = TokenVerifier(
                keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: keyID)])))
            let outbox = Outbox(source: "media-worker")
            let desk = WorkDesk(worker: .mediaWorker, kinds: ["montage"], postgres: client, outbox: outbox)
            let access = AssetClient(
                http: HTTPClient(), baseURL: storage.url,
                tokens: ServiceTokens(secret: String(repeating: "s", count: 32), service: "media-worker"))
            let folder = try TemporaryFolder("media")
            let work = MediaWork(
                storage: access, sandbox: TestSandbox.make(), folders: WorkFolders(root: folder.path), postgres: client,
                outbox: outbox, inputLimit: 1 << 30, filmLimit: .seconds(120))
            let bench = Bench(
                postgres: client, store: desk.store,
                routes: MediaRoutes(tokens: verifier, postgres: client, store: desk.store, storage: access), work: work,
                storage: storage, folder: folder, signer: TokenSigner(key: key, keyID: keyID))
            return try await withRunning([client]) { try await body(bench) }
        }
    }
}
