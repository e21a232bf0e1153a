public import Auth
public import Configuration
internal import Crypto
public import Events
internal import FoundationEssentials
public import HTTP
internal import Lifecycle
internal import NetworkClient
internal import Outbox
public import Postgres
public import Primitives
public import ServiceKit
internal import Synchronization
internal import Telemetry
internal import TestKit

/// A service over a real database, asked without a socket; events are handed to its subscriptions as the consumer would.
public final class ServiceWorld: Sendable {
    /// Something that a test could not set up, or did not find.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// What the service answered.
    public struct Answer: Sendable {
        public let status: Int
        public let headers: HTTPHeaders
        /// The document; `null` where there is none.
        public let body: JSONValue
        /// The problem's code.
        public var code: String? { body["code"]?.stringValue }
    }

    /// Who signs the tokens of people: the test, or the service itself.
    private struct Keys: Sendable {
        let verifier: TokenVerifier
        let signer: TokenSigner
    }

    public let postgres: PostgresClient
    public let assembly: Assembly
    public let tokens: TokenVerifier
    private let environment: [String: String]
    private let signer: TokenSigner?
    private let logger: Logger
    private let again: @Sendable () async throws -> ServiceWorld
    private let parts: [any Service]
    private let tasks: [Task<Void, any Error>]

    private init(
        _ platform: Platform, _ assembly: Assembly, environment: [String: String], signer: TokenSigner?,
        again: @escaping @Sendable () async throws -> ServiceWorld
    ) {
        postgres = platform.postgres
        tokens = platform.tokens
        logger = platform.logger
        self.assembly = assembly
        self.environment = environment
        self.signer = signer
        self.again = again
        parts = [platform.postgres] + assembly.services
        tasks = parts.map { part in Task { try await part.run() } }
    }

    /// Runs a service for as long as `body` does, on a database of its own.
    /// - Parameters:
    ///   - environment: settings beside the database and the services' secret.
    ///   - signsItself: whether the service has the keys with which people's tokens are signed.
    public static func run<Settings: Configurable, T: Sendable>(
        _ definition: ServiceDefinition<Settings>, _ environment: [String: String] = [:], signsItself: Bool = false,
        _ body: (ServiceWorld) async throws -> T
    ) async throws -> T {
        try await withTestDatabase { database in
            let settings = ["DATABASE_URL": database.url, "SERVICE_SECRET": String(repeating: "s", count: 32)]
            let world = try await make(
                definition, settings.merging(environment) { $1 }, keys: signsItself ? nil : try makeKeys())
            do {
                for service in world.assembly.services { try await service.ready() }
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
    public func replica() async throws -> ServiceWorld { try await again() }

    /// Ends the service's parts.
    public func stop() async {
        for part in parts.reversed() { await part.stop() }
        for task in tasks { _ = try? await task.value }
    }

    private static func make<Settings: Configurable>(
        _ definition: ServiceDefinition<Settings>, _ environment: [String: String], keys: Keys?
    ) async throws -> ServiceWorld {
        let read = Reading<Settings>(environment: environment, port: definition.port)
        guard read.faults.isEmpty else { throw Failure(description: "\(read.faults)") }
        let logger = Logger(service: definition.name, sink: MemoryLogSink())
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: read.platform.databaseURL, schema: definition.schema),
            logger: logger)
        for module in definition.modules {
            try await Migrator.apply(module.migrations, module: module.name, on: postgres)
        }
        let answering = Mutex<Router?>(nil)
        let platform = Platform(
            name: definition.name, configuration: read.platform, logger: logger, metrics: MetricsRegistry(),
            postgres: postgres, outbox: Outbox(source: definition.name), http: HTTPClient(name: definition.name),
            tokens: keys?.verifier
                ?? TokenVerifier(
                    keys: KeyDirectory(url: URL(filePath: "/"), floor: .milliseconds(10)) { _ in
                        try await publicKeys(answering.withLock { $0 })
                    }),
            serviceTokens: ServiceTokens(secret: read.platform.serviceSecret, service: definition.name))
        var assembly = try await definition.build(read.settings, platform)
        assembly.routes.wrap(DatabaseProblems.middleware)
        answering.withLock { [routes = assembly.routes] in $0 = routes }
        return ServiceWorld(platform, assembly, environment: environment, signer: keys?.signer) {
            try await make(definition, environment, keys: keys)
        }
    }

    private static func makeKeys() throws -> Keys {
        let key = try ES256PrivateKey()
        let set = JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: "k")])
        return Keys(verifier: TokenVerifier(keys: KeyDirectory(keys: set)), signer: TokenSigner(key: key, keyID: "k"))
    }

    private static func publicKeys(_ routes: Router?) async throws -> Data {
        let response = await routes?.respond(to: HTTPRequest(method: .GET, target: "/.well-known/jwks.json"))
        guard case .data(let data)? = response?.body else { throw Failure(description: "the service shows no keys") }
        return data
    }
}

extension ServiceWorld {
    /// Hands an event over as often as `times` says: every time the same event.
    public func deliver(_ payload: some EventPayload, times: Int = 1) async throws {
        let entry = try OutboxEntry(payload, source: "test")
        for _ in 0..<times {
            try await postgres.withTransaction { tx in
                for subscription in assembly.subscriptions where try await subscription.take(entry, in: tx) { return }
                throw Failure(description: "nobody handles \(type(of: payload))")
            }
        }
    }

    /// Says words of an operator to an executable on this world's database and settings: the exit code, and what stood
    /// on standard output.
    public func say<Settings: Configurable>(
        _ words: String, to definition: ServiceDefinition<Settings>, _ settings: [String: String] = [:]
    ) async throws -> (code: Int32, text: String) {
        let written = Mutex("")
        let read = Reading<Settings>(
            environment: environment.merging(["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"]) { old, _ in old }
                .merging(settings) { $1 },
            port: definition.port)
        let code = await definition.command(words.split(separator: " ").map(String.init), read) { text in
            written.withLock { $0 += text }
        }
        return (code, written.withLock { $0 })
    }

    /// Asks the service and reads the answer's document.
    /// - Parameters:
    ///   - person: who asks, where the test signs the tokens.
    ///   - token: an access token, or a whole `Authorization` header.
    public func send(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, as person: Person? = nil,
        token: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers.set("Authorization", token.contains(" ") ? token : "Bearer \(token)") }
        let request = try request(method, target, body, as: person, headers: headers)
        let response = await assembly.routes.respond(to: request, logger: logger)
        var content = JSONValue.null
        if case .data(let data) = response.body { content = try JSON.decode(JSONValue.self, from: data) }
        return Answer(status: response.status.rawValue, headers: response.headers, body: content)
    }

    /// A request as ``send(_:_:_:as:token:headers:)`` makes it.
    public func request(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, as person: Person? = nil,
        headers: HTTPHeaders = [:]
    ) throws -> HTTPRequest {
        var headers = headers
        if body != nil { headers.set("Content-Type", "application/json") }
        if let person {
            guard let signer else { throw Failure(description: "the service signs the tokens") }
            headers.set("Authorization", "Bearer \(try signer.sign(person.claims))")
        }
        return HTTPRequest(
            method: method, target: target, headers: headers,
            body: try body.map { .data(try JSON.encode($0)) } ?? .empty)
    }

    /// The one number that a query gives.
    public func count(_ query: PostgresQuery) async throws -> Int {
        try await postgres.query(query)[0].decode(Int.self)
    }
}
