import Auth
import Configuration
import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import ObjectStore
import Outbox
import Postgres
import Primitives
import Telemetry
import TestKit

@testable import ServiceKit
@testable import StorageService

/// The service over a socket, with a database and a folder of its own, and two people in two workspaces.
struct StorageWorld: Sendable {
    let context: StorageContext
    let postgres: PostgresClient
    let client: HTTPClient
    let base: String
    let folder: String
    let ada: Person
    let bob: Person
    let serviceTokens: ServiceTokens
    fileprivate let signer: TokenSigner

    /// Where objects and uploads live.
    enum Place: CaseIterable { case folder, s3 }

    /// Runs a test with another replica: its locks are its own, database and store are the same.
    func withReplica(_ body: (StorageWorld) async throws -> Void) async throws {
        let context = try StorageContext(context.settings, context.platform)
        let server = HTTPServer(
            router: context.routes(), port: 0, logger: context.platform.logger, metrics: MetricsRegistry())
        try server.start()
        let other = StorageWorld(
            context: context, postgres: postgres, client: client, base: "http://127.0.0.1:\(server.boundPort)",
            folder: folder, ada: ada, bob: bob, serviceTokens: serviceTokens, signer: signer)
        try await withRunning([server]) { try await body(other) }
    }

    /// Someone with a token.
    struct Person: Sendable {
        let userID = UUID.v7()
        let workspaceID = UUID.v7()
        let token: String

        init(_ signer: TokenSigner, role: Role = .creative) throws {
            let claims = AccessTokenClaims(
                userID: userID, workspaceID: workspaceID, role: role, sessionID: .v7(), lifetime: .seconds(600))
            token = try signer.sign(claims)
        }
    }

    func person(role: Role) throws -> Person { try Person(signer, role: role) }

    /// Asks as a person (or as nobody).
    func ask(
        _ method: HTTPMethod, _ path: String, as person: Person?, _ headers: HTTPHeaders = HTTPHeaders(),
        body: HTTPClientRequest.Body = .none
    ) async throws -> Answer {
        var headers = headers
        if let person { headers.set("Authorization", "Bearer \(person.token)") }
        let url = path.hasPrefix("http") ? path : base + path
        let answer = try await client.execute(HTTPClientRequest(method, url, headers: headers, body: body))
        return Answer(
            status: answer.status.rawValue, headers: answer.headers, data: try await answer.data(upTo: 64 << 20))
    }

    /// Asks as another service of the fleet.
    func askInternally(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws -> Answer {
        var headers: HTTPHeaders = [
            "Authorization": ServiceTokens(secret: Self.secret, service: "media-worker").authorization(for: "storage")
        ]
        if body != nil { headers.set("Content-Type", "application/json") }
        let data = try body.map { try JSON.encode($0) }
        return try await ask(method, path, as: nil, headers, body: data.map { .data($0) } ?? .none)
    }

    /// Speaks tus as Ada.
    func tus(
        _ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders = HTTPHeaders(), as person: Person? = nil,
        body: Data? = nil
    ) async throws -> Answer {
        var headers = headers
        if !headers.contains("Tus-Resumable") { headers.set("Tus-Resumable", "1.0.0") }
        if headers["Tus-Resumable"] == "-" { headers.remove("Tus-Resumable") }
        if method == .PATCH, !headers.contains("Content-Type") {
            headers.set("Content-Type", "application/offset+octet-stream")
        }
        return try await ask(method, path, as: person ?? ada, headers, body: body.map { .data($0) } ?? .none)
    }

    /// Events of a type in the outbox.
    func events(_ type: String) async throws -> Int {
        try await postgres.query("SELECT count(*)::int FROM outbox WHERE headers->>'ce_type' = \(type)")[0]
            .decode(Int.self)
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let data: Data
        var json: JSONValue { (try? JSON.decode(from: data)) ?? .null }
        var text: String { String(decoding: data, as: UTF8.self) }
    }

    static let secret = String(repeating: "s", count: 40)
}

/// Runs a test with a storage of its own, whose objects are in a folder or in an S3 store.
func withStorage(
    _ place: StorageWorld.Place, settings: [String: String] = [:], _ body: (StorageWorld) async throws -> Void
) async throws {
    switch place {
    case .folder: try await withStorage(settings: settings, body)
    case .s3: try await withSharedStorage(settings: settings) { world, _ in try await body(world) }
    }
}

/// Runs a test with a storage whose objects are in an S3 store.
func withSharedStorage(
    settings: [String: String] = [:], _ body: (StorageWorld, FakeS3) async throws -> Void
) async throws {
    let store = FakeS3()
    try await store.serve { address in
        let s3 = ["OBJECT_STORE": "s3", "S3_ENDPOINT": address, "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "secret"]
        try await withStorage(settings: s3.merging(settings) { $1 }) { try await body($0, store) }
    }
}

/// Runs a test with a storage of its own.
func withStorage(
    settings: [String: String] = [:], _ body: (StorageWorld) async throws -> Void
) async throws {
    try await withTestDatabase { database in
        let folder = settings["OBJECT_FOLDER"] ?? "/tmp/atelier-storage-\(UUID().uuidString)"
        let port = FreePort.next()
        let environment = [
            "DATABASE_URL": database.url, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "SERVICE_SECRET": StorageWorld.secret, "OBJECT_FOLDER": folder, "STORAGE_URL": "http://127.0.0.1:\(port)",
            "PUBLIC_URL": "http://127.0.0.1:\(port)",
        ].merging(settings) { $1 }
        let read = Reading<StorageConfiguration>(environment: environment, port: 8089)
        guard read.faults.isEmpty else { throw ConfigurationFault(name: "test", reason: "\(read.faults)") }
        let logger = Logger(service: "storage", sink: MemoryLogSink())
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(
                url: database.url, schema: "storage", applicationName: "test", poolSize: 8), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await Migrator.apply(definition.migrations, module: "storage", on: postgres)
        let key = try ES256PrivateKey()
        let signer = TokenSigner(key: key, keyID: "k1")
        let client = HTTPClient()
        let platform = Platform(
            name: "storage", configuration: read.platform, logger: logger, metrics: MetricsRegistry(),
            postgres: postgres, outbox: Outbox(source: "storage"), http: client,
            tokens: TokenVerifier(
                keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: "k1")]))),
            serviceTokens: ServiceTokens(secret: StorageWorld.secret, service: "storage"))
        let context = try StorageContext(read.settings, platform)
        var limits = ServerLimits()
        limits.connectionBuffer = 256 << 10
        limits.drain = .seconds(1)
        let server = HTTPServer(
            router: context.routes(), port: port, limits: limits, logger: logger, metrics: MetricsRegistry())
        try server.start()
        let world = StorageWorld(
            context: context, postgres: postgres, client: client, base: "http://127.0.0.1:\(port)", folder: folder,
            ada: try .init(signer), bob: try .init(signer), serviceTokens: platform.serviceTokens, signer: signer)
        defer { if settings["OBJECT_FOLDER"] == nil { try? FileManager.default.removeItem(atPath: folder) } }
        try await withRunning([postgres, server]) { try await body(world) }
    }
}

extension Data {
    /// Bytes that look like a PNG from outside.
    static let png =
        Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        + Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 13) })

    /// Bytes that look like a video from outside.
    static func mp4(_ count: Int) -> Data {
        var data = Data([0, 0, 0, 0x20]) + Data("ftypisom".utf8)
        data.append(Data((0..<count - data.count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }))
        return data
    }

    /// Bytes that look like a video from outside, made fast; no two stretches of it are the same.
    static func large(_ count: Int) -> Data {
        let block = mp4(4088)
        var data = block
        data.reserveCapacity(count + data.count)
        var number: UInt64 = 0
        while data.count < count {
            number += 1
            data.append(contentsOf: Swift.withUnsafeBytes(of: number) { Array($0) })
            data.append(block)
        }
        return data.prefix(count)
    }

    var base64: String { base64EncodedString() }
}
