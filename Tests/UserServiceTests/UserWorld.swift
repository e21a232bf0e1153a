import Auth
import Configuration
import FoundationEssentials
import HTTP
import Lifecycle
import NetworkClient
import Outbox
import Postgres
import Primitives
import Synchronization
import Telemetry
import TestKit

@testable import ServiceKit
@testable import UserService

/// The user service over a real database, asked without a socket.
final class UserWorld: Sendable {
    let postgres: PostgresClient
    let routes: Router
    let tokens: TokenVerifier
    let serviceTokens: ServiceTokens
    private let tasks: [Task<Void, any Error>]
    private let parts: [any Service]

    private init(
        postgres: PostgresClient, routes: Router, tokens: TokenVerifier, serviceTokens: ServiceTokens,
        parts: [any Service]
    ) {
        self.postgres = postgres
        self.routes = routes
        self.tokens = tokens
        self.serviceTokens = serviceTokens
        self.parts = parts
        tasks = parts.map { part in Task { try await part.run() } }
    }

    static func run<T: Sendable>(
        _ environment: [String: String] = [:], _ body: (UserWorld) async throws -> T
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

    private static func make(_ database: TestDatabase, _ extra: [String: String]) async throws -> UserWorld {
        let logger = Logger(service: "user", sink: MemoryLogSink())
        let environment = [
            "DATABASE_URL": database.url, "SERVICE_SECRET": String(repeating: "s", count: 32),
            "KEY_SEAL_SECRET": String(repeating: "k", count: 32),
        ].merging(extra) { $1 }
        var reader = ConfigurationReader(environment: environment)
        let settings = UserConfiguration(&reader)
        let configuration = PlatformConfiguration(&reader, port: 8081)
        guard reader.faults.isEmpty else { throw WorldFailure(description: "\(reader.faults)") }
        let postgres = try PostgresClient(
            configuration: PostgresConfiguration(url: database.url, schema: "user_"), logger: logger)
        try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
        try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: postgres)
        try await Migrator.apply(UserApplication.migrations, module: "user", on: postgres)
        let answering = Mutex<Router?>(nil)
        let keys = KeyDirectory(url: URL(filePath: "/"), floor: .milliseconds(10)) { _ in
            guard let router = answering.withLock({ $0 }) else { throw CancellationError() }
            let response = await router.respond(to: HTTPRequest(method: .GET, target: "/.well-known/jwks.json"))
            guard case .data(let data) = response.body else { throw CancellationError() }
            return data
        }
        let tokens = TokenVerifier(keys: keys)
        let serviceTokens = ServiceTokens(secret: configuration.serviceSecret, service: "user")
        let platform = Platform(
            name: "user", configuration: configuration, logger: logger, metrics: MetricsRegistry(), postgres: postgres,
            outbox: Outbox(source: "user"), http: HTTPClient(), tokens: tokens, serviceTokens: serviceTokens)
        let assembly = try await UserApplication.assemble(settings, platform)
        answering.withLock { $0 = assembly.routes }
        let world = UserWorld(
            postgres: postgres, routes: assembly.routes, tokens: tokens, serviceTokens: serviceTokens,
            parts: [postgres] + assembly.services)
        for service in assembly.services { try await service.ready() }
        return world
    }

    private func stop() async {
        for part in parts.reversed() { await part.stop() }
        for task in tasks { _ = try? await task.value }
    }

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        let headers: HTTPHeaders
        var code: String? { body["code"]?.stringValue }
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, token: String? = nil,
        headers extra: HTTPHeaders = [:]
    ) async throws -> Answer {
        var headers = extra
        if body != nil { headers.set("Content-Type", "application/json") }
        if let token { headers.set("Authorization", token.contains(" ") ? token : "Bearer \(token)") }
        let request = HTTPRequest(
            method: method, target: target, headers: headers,
            body: try body.map { .data(try JSON.encode($0)) } ?? .empty)
        let response = await routes.respond(to: request, logger: Logger(service: "user"))
        var content = JSONValue.null
        if case .data(let data) = response.body { content = try JSON.decode(JSONValue.self, from: data) }
        return Answer(status: response.status.rawValue, body: content, headers: response.headers)
    }

    static let password = "correct horse battery"

    /// Registers somebody; the whole answer.
    func register(_ name: String, headers: HTTPHeaders = [:]) async throws -> Answer {
        try await send(
            .POST, "/api/v1/auth/register",
            ["email": .string("\(name)@example.test"), "username": .string(name), "password": .string(Self.password)],
            headers: headers)
    }

    func login(_ name: String, _ password: String = UserWorld.password) async throws -> Answer {
        try await send(
            .POST, "/api/v1/auth/login",
            ["email": .string("\(name)@example.test"), "password": .string(password)])
    }

    func refresh(_ token: String) async throws -> Answer {
        try await send(.POST, "/api/v1/auth/refresh", ["refreshToken": .string(token)])
    }

    func count(_ query: PostgresQuery) async throws -> Int {
        try await postgres.query(query)[0].decode(Int.self)
    }
}

extension UserWorld.Answer {
    func text(_ name: String) throws -> String {
        guard let text = body[name]?.stringValue else { throw WorldFailure(description: "no \(name) in \(body)") }
        return text
    }
}

struct WorldFailure: Error, CustomStringConvertible {
    let description: String
}
