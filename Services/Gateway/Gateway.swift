internal import Auth
internal import Configuration
internal import FoundationEssentials
internal import HTTP
internal import HTTPServer
internal import Lifecycle
internal import NetworkClient
internal import Primitives
internal import ServiceKit
internal import Synchronization
internal import Telemetry

/// All wiring of the gateway: from its configuration to the parts that run.
struct Gateway: Sendable {
    let configuration: GatewayConfiguration
    let logger = Logger(service: "gateway")
    let server: DoorServer
    let parts: [any Service]
    let phase = PhaseSource()

    init(_ configuration: GatewayConfiguration) throws {
        self.configuration = configuration
        let http = HTTPClient(name: "gateway")
        let verifier = try Self.verifier(configuration, http)
        let upstreams = try zip(UpstreamName.allCases, configuration.upstreams).map { name, urls in
            let (host, port) = try Self.authority(urls.url, of: name)
            return Upstream(
                name: name, host: host, port: port,
                breaker: CircuitBreaker(
                    threshold: configuration.breakerThreshold,
                    window: UInt64(configuration.breakerWindow.milliseconds),
                    recovery: UInt64(configuration.breakerRecovery.milliseconds)))
        }
        let door = Door(
            settings: DoorSettings(configuration), routes: Routes.all, rules: RateRules(configuration),
            verifier: verifier.tokens, crossOrigin: CrossOrigin(configuration.corsOrigins), upstreams: upstreams,
            pages: PageStore(), log: AccessLog(isOn: configuration.accessLog),
            makesSpans: !configuration.tracesEndpoint.isEmpty)
        server = DoorServer(
            door: door, host: configuration.host, port: configuration.port, loops: configuration.loops,
            stopLimit: configuration.stopLimit)
        let admin = HTTPServer(
            router: Self.admin(door, server, phase), host: configuration.host, port: configuration.adminPort,
            name: "admin", logger: logger)
        ProcessMetrics.install(in: .shared, service: "gateway", version: Version.current)
        var parts: [any Service] = [admin]
        if door.makesSpans {
            let exporter = SpanExporter(endpoint: configuration.tracesEndpoint, http: http, metrics: .shared)
            SpanExport.install { exporter.add($0) }
            parts.append(exporter)
        }
        parts +=
            [
                Resolver(upstreams: upstreams), verifier.upkeep,
                HealthBoard(door: door, admins: configuration.upstreams.map(\.admin), http: http), server,
            ] as [any Service]
        self.parts = parts
    }

    /// Runs until the process is told to stop.
    func run() async throws {
        let group = ServiceGroup(
            parts, logger: logger, drainDelay: configuration.drainDelay,
            stopLimit: configuration.stopLimit + .seconds(5))
        phase.follow(group)
        let signals = Signals.onStop { group.stop() }
        logger.info("starting", ["port": .int(Int64(configuration.port))])
        defer { logger.info("stopped") }
        try await group.run()
        withExtendedLifetime(signals) {}
    }

    private static func verifier(
        _ configuration: GatewayConfiguration, _ http: HTTPClient
    ) throws -> (tokens: TokenVerifier, upkeep: TokenUpkeep) {
        let user = configuration.upstreams[UpstreamName.user.rawValue].url
        guard let keysURL = URL(string: user + "/.well-known/jwks.json"),
            let feedURL = URL(string: user + "/internal/v1/revocations")
        else { throw UpstreamFault(variable: "USER_URL") }
        @Sendable func fetch(_ url: URL, _ headers: HTTPHeaders) async throws -> Data {
            let answer = try await http.execute(
                HTTPClientRequest(.GET, url.absoluteString, headers: headers, timeout: .seconds(3)))
            guard answer.status == .ok else { throw Problem.unavailable() }
            return try await answer.data(upTo: 1 << 20)
        }
        // The loops remember good tokens themselves.
        let verifier = TokenVerifier(keys: KeyDirectory(url: keysURL) { try await fetch($0, [:]) }, capacity: 0)
        let service = ServiceTokens(secret: configuration.serviceSecret, service: "gateway")
        let upkeep = TokenUpkeep(verifier: verifier, feed: feedURL, logger: Logger(service: "gateway")) {
            try await fetch($0, ["Authorization": service.authorization(for: "user")])
        }
        return (verifier, upkeep)
    }

    /// Host and port of a service's URL, which has no path.
    private static func authority(_ text: String, of name: UpstreamName) throws -> (String, Int) {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, url.path().count <= 1 else {
            throw UpstreamFault(variable: "\(name.variable)_URL")
        }
        return (host, url.port ?? 80)
    }

    private static func admin(_ door: Door, _ server: DoorServer, _ phase: PhaseSource) -> Router {
        var routes = Router()
        routes.get("/health/live") { _ in try .json(.ok, ["status": "live"]) }
        routes.get("/health/ready") { _ in
            // Ready to serve: also while a service is away, for whose routes a precise answer is given.
            let isReady = phase.isRunning && server.boundPort > 0
            return try .json(isReady ? .ok : .serviceUnavailable, ["status": isReady ? "ready" : "not ready"])
        }
        routes.get("/metrics") { _ in
            let text = MetricsRegistry.shared.text() + GatewayMetrics.text(door: door, workers: server.workers)
            return .text(text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return routes
    }
}

/// Lets the admin routes, which are a part of the group, ask whether the group runs.
final class PhaseSource: Sendable {
    private let group = Mutex<ServiceGroup?>(nil)
    var isRunning: Bool { group.withLock { $0?.phase == .running } }
    func follow(_ group: ServiceGroup) { self.group.withLock { $0 = group } }
}

/// The URL of a service cannot be used.
struct UpstreamFault: Error, Sendable, CustomStringConvertible {
    let variable: String
    var description: String { "\(variable): must be http://host:port" }
}
