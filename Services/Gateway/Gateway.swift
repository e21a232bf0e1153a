internal import Auth
internal import Configuration
internal import FoundationEssentials
internal import HTTP
internal import HTTPServer
internal import Lifecycle
internal import NetworkClient
internal import Primitives
internal import ServiceKit
internal import Telemetry

/// All wiring of the gateway: from its configuration to the parts that run.
struct Gateway: Sendable {
    let configuration: GatewayConfiguration
    let logger = Logger(service: "gateway")
    let server: DoorServer
    let parts: [any Service]
    let phase = PhaseBox()

    init(_ configuration: GatewayConfiguration) throws {
        self.configuration = configuration
        let http = HTTPClient(name: "gateway")
        // The loops remember good tokens themselves.
        let checks = try TokenChecks(
            user: configuration.upstreams[UpstreamName.user.rawValue].url,
            tokens: ServiceTokens(secret: configuration.serviceSecret, service: "gateway"), http: http, capacity: 0,
            logger: logger)
        let upstreams = try zip(UpstreamName.allCases, configuration.upstreams).map { name, urls in
            let (host, port) = try Self.authority(urls.url, of: name)
            return Upstream(
                name: name, host: host, port: port,
                breaker: CircuitBreaker(
                    threshold: configuration.breakerThreshold,
                    window: UInt64(configuration.breakerWindow.milliseconds),
                    recovery: UInt64(configuration.breakerRecovery.milliseconds)))
        }
        let rules = RateRules(configuration)
        let limiter = RateLimiter(epoch: configuration.redis.isEmpty ? nil : Clock.epoch)
        let door = Door(
            settings: DoorSettings(configuration), routes: Routes.all, rules: rules,
            verifier: checks.verifier, crossOrigin: CrossOrigin(configuration.corsOrigins), upstreams: upstreams,
            pages: PageStore(), log: AccessLog(isOn: configuration.accessLog),
            makesSpans: !configuration.tracesEndpoint.isEmpty, limiter: limiter)
        let shared = try SharedLimits.install(limiter, rules, configuration, logger: logger, metrics: .shared)
        let own: @Sendable () -> [Degradation] = { shared?.degradations ?? [] }
        server = DoorServer(
            door: door, host: configuration.host, port: configuration.port, loops: configuration.loops,
            stopLimit: configuration.stopLimit)
        let recent = RecentLines.install(scrubber: configuration.scrubber)
        // Ready to serve: also while a service is away, for whose routes a precise answer is given.
        let admin = AdminRoutes.router(phase: phase) { [server] in
            server.boundPort > 0 ? [] : ["door"]
        } degradations: {
            own()
        } log: {
            recent.document
        } metrics: { [server] in
            MetricsRegistry.shared.text() + GatewayMetrics.text(door: door, workers: server.workers)
        }
        ProcessMetrics.install(in: .shared, service: "gateway", version: Version.current)
        var parts: [any Service] = [
            // With numbers of its own, which nobody reads: those of the same name are the door's.
            HTTPServer(
                router: admin, host: configuration.host, port: configuration.adminPort, name: "admin", logger: logger,
                metrics: MetricsRegistry())
        ]
        let reporter = try ErrorReporter.install(
            dsn: configuration.errorReports, environment: configuration.errorEnvironment,
            scrubber: configuration.scrubber, http: http, metrics: .shared)
        if let reporter { parts.append(reporter) }
        if door.makesSpans {
            parts.append(
                SpanExporter.install(endpoint: configuration.tracesEndpoint, http: http, metrics: .shared))
        }
        if let shared { parts.append(shared) }
        parts +=
            [
                Resolver(upstreams: upstreams), checks.upkeep,
                HealthBoard(door: door, admins: configuration.upstreams.map(\.admin), http: http, own: own), server,
            ] as [any Service]
        self.parts = parts
    }

    /// Runs until the process is told to stop.
    func run() async throws {
        let group = ServiceGroup(
            parts, logger: logger, drainDelay: configuration.drainDelay,
            stopLimit: configuration.stopLimit + .seconds(5))
        phase.follow(group)
        let signals = Signals.onStop { [server] in
            server.door.leave()
            group.stop()
        }
        logger.info("starting", ["port": .int(Int64(configuration.port))])
        defer { logger.info("stopped") }
        try await group.run()
        withExtendedLifetime(signals) {}
    }

    /// Host and port of a service's URL, which has no path.
    private static func authority(_ text: String, of name: UpstreamName) throws -> (String, Int) {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, url.path().count <= 1 else {
            throw ConfigurationFault(name: "\(name.variable)_URL", reason: "must be http://host:port")
        }
        return (host, url.port ?? 80)
    }
}
