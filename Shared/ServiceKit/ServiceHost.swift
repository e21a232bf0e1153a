internal import Auth
internal import Configuration
internal import HTTP
internal import HTTPServer
internal import Lifecycle
internal import Messaging
internal import NetworkClient
internal import Outbox
internal import Postgres
internal import Primitives
internal import Telemetry

/// Runs one service: wires the platform, starts its parts in order, and ends them in reverse.
struct ServiceHost<Settings: Configurable>: Sendable {
    let definition: ServiceDefinition<Settings>
    let settings: Settings
    let configuration: PlatformConfiguration
    let logger: Logger
    let scrubber: Scrubber

    init(
        definition: ServiceDefinition<Settings>, settings: Settings, platform: PlatformConfiguration,
        scrubber: Scrubber
    ) {
        self.scrubber = scrubber
        self.definition = definition
        self.settings = settings
        configuration = platform
        logger = Logger(service: definition.name)
        StandardOutputSink.shared.setMinimum(LogLevel(name: platform.logLevel) ?? .info)
    }

    func serve() async throws {
        let metrics = MetricsRegistry.shared
        ProcessMetrics.install(in: metrics, service: definition.name, version: Version.current)
        let http = HTTPClient(name: definition.name)
        let recent = RecentLines.install(scrubber: scrubber)
        let reporter = try ErrorReporter.install(
            dsn: configuration.errorReports, environment: configuration.errorEnvironment, scrubber: scrubber,
            http: http, metrics: metrics)
        let postgres = try PostgresClient(configuration: database, logger: logger)
        let producer = try KafkaProducer(settings: configuration.kafka, logger: logger)
        let outbox = Outbox(source: definition.name, faults: faults)
        let serviceTokens = ServiceTokens(secret: configuration.serviceSecret, service: definition.name)
        let checks = try TokenChecks(
            user: configuration.peers.user, tokens: serviceTokens, http: http, logger: logger)
        let platform = Platform(
            name: definition.name, configuration: configuration, logger: logger, metrics: metrics, postgres: postgres,
            outbox: outbox, http: http, tokens: checks.verifier, serviceTokens: serviceTokens)
        var built = try await definition.build(settings, platform)
        built.routes.wrap(DatabaseProblems.middleware)
        built.limits.documentBytes = configuration.bodyLimit
        let assembly = built

        var parts: [any Service] = []
        let phase = PhaseBox()
        let readiness: @Sendable () async -> [String] = {
            (await postgres.isReady() ? [] : ["database"]) + (await assembly.readiness())
        }
        let relay = OutboxRelay(
            outbox: outbox, postgres: postgres, producer: producer, options: assembly.relay, logger: logger)
        let degradations: @Sendable () -> [Degradation] = {
            let own = [
                Degradation(.database, since: postgres.awaySince), Degradation(.broker, since: relay.brokerAwaySince),
            ]
            return own.compactMap { $0 } + assembly.degradations()
        }
        Degradation.install(in: metrics, degradations)
        let admin = AdminRoutes.router(
            phase: phase, readiness: readiness, degradations: degradations, log: { recent.document }
        ) { metrics.text() }
        parts.append(
            HTTPServer(
                router: admin, host: configuration.host, port: configuration.adminPort, name: "admin", logger: logger))
        if !configuration.tracesEndpoint.isEmpty {
            parts.append(SpanExporter.install(endpoint: configuration.tracesEndpoint, http: http, metrics: metrics))
        }
        if let reporter { parts.append(reporter) }
        parts.append(Unwaited(postgres))
        parts.append(
            MigrationGate(
                modules: definition.modules, client: postgres, applies: configuration.migrateOnStart, logger: logger))
        parts.append(producer)
        parts.append(relay)
        parts.append(checks.upkeep)
        parts += assembly.services
        if !assembly.subscriptions.isEmpty {
            parts.append(
                EventConsumer(
                    group: definition.name, subscriptions: assembly.subscriptions, settings: configuration.kafka,
                    outbox: outbox, postgres: postgres, faults: faults, options: assembly.events, logger: logger))
        }
        parts.append(
            HTTPServer(
                router: assembly.routes, host: configuration.host, port: configuration.port, name: "api",
                limits: assembly.limits, logger: logger))

        let group = ServiceGroup(
            parts, logger: logger, drainDelay: configuration.drainDelay, stopLimit: configuration.stopLimit)
        phase.follow(group)
        let signals = Signals.onStop { group.stop() }
        logger.info("starting", ["version": .string(Version.current), "port": .int(Int64(configuration.port))])
        defer { logger.info("stopped") }
        try await group.run()
        withExtendedLifetime(signals) {}
    }

    func migrate() async throws {
        let postgres = try PostgresClient(configuration: database, logger: logger)
        let running = Task { try await postgres.run() }
        defer { running.cancel() }
        let gate = MigrationGate(modules: definition.modules, client: postgres, applies: true, logger: logger)
        try await withDeadline(.seconds(300), "migrate") { try await gate.ready() }
        logger.info("schema is current")
    }

    private var database: PostgresConfiguration {
        PostgresConfiguration(
            url: configuration.databaseURL, schema: definition.schema, applicationName: "atelier-\(definition.name)",
            poolSize: configuration.databaseConnections)
    }

    private var faults: DeliveryFaults {
        DeliveryFaults(
            inboxOff: configuration.inboxOff, publishBeforeCommit: configuration.publishBeforeCommit)
    }
}

/// A part that the next ones do not wait for: who needs it waits for it.
private struct Unwaited: Service {
    let inner: any Service
    var name: String { inner.name }

    init(_ inner: any Service) { self.inner = inner }

    func run() async throws { try await inner.run() }
    func stop() async { await inner.stop() }
}
