internal import Auth
internal import Configuration
internal import FoundationEssentials
internal import HTTP
internal import HTTPServer
internal import Jobs
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

    init(definition: ServiceDefinition<Settings>, settings: Settings, platform: PlatformConfiguration) {
        self.definition = definition
        self.settings = settings
        configuration = platform
        logger = Logger(service: definition.name)
        StandardOutputSink.shared.setMinimum(LogLevel(name: platform.logLevel) ?? .info)
    }

    /// The schema's modules in the order in which they are applied.
    private var modules: [(name: String, migrations: [Migration])] {
        var modules = [("outbox", Outbox.migrations)]
        if definition.usesJobs { modules.append(("jobs", JobStore.migrations)) }
        modules.append((definition.name, definition.migrations))
        return modules
    }

    func serve() async throws {
        let metrics = MetricsRegistry.shared
        ProcessMetrics.install(in: metrics, service: definition.name, version: Version.current)
        let http = HTTPClient(logger: logger)
        let postgres = PostgresClient(configuration: database, logger: logger)
        let kafka = messaging
        let producer = KafkaProducer(configuration: kafka, logger: logger)
        let outbox = Outbox(source: definition.name, faults: faults)
        let platform = Platform(
            name: definition.name, configuration: configuration, logger: logger, metrics: metrics, postgres: postgres,
            outbox: outbox, http: http,
            tokens: TokenVerifier(userURL: configuration.peers.user, http: http, logger: logger),
            serviceTokens: ServiceTokens(secret: configuration.serviceSecret, service: definition.name))
        let assembly = try await definition.build(settings, platform)

        var parts: [any Service] = []
        let phase = PhaseBox()
        let readiness: @Sendable () async -> [String] = {
            (postgres.isReady ? [] : ["database"]) + (await assembly.readiness())
        }
        let admin = AdminRoutes.router(phase: { phase.value }, readiness: readiness, metrics: metrics)
        parts.append(
            HTTPServer(
                router: admin, host: configuration.host, port: configuration.adminPort, logger: logger,
                name: "admin server"))
        if !configuration.tracesEndpoint.isEmpty {
            let exporter = SpanExporter(endpoint: configuration.tracesEndpoint, http: http, metrics: metrics)
            SpanExport.install { exporter.add($0) }
            parts.append(exporter)
        }
        parts.append(postgres)
        parts.append(
            MigrationGate(
                modules: modules, client: postgres, applies: configuration.migrateOnStart, logger: logger))
        parts.append(producer)
        parts.append(
            OutboxRelay(postgres: postgres, producer: producer, databaseURL: configuration.databaseURL, logger: logger))
        parts += assembly.services
        if !assembly.subscriptions.isEmpty {
            parts.append(
                EventConsumer(
                    group: definition.name, subscriptions: assembly.subscriptions, configuration: kafka,
                    postgres: postgres, producer: producer, faults: faults, logger: logger))
        }
        parts.append(
            HTTPServer(
                router: assembly.routes, host: configuration.host, port: configuration.port, logger: logger,
                name: "api server"))

        let group = ServiceGroup(
            parts, logger: logger, drainDelay: configuration.drainDelay, stopLimit: configuration.stopLimit)
        phase.follow(group)
        let signals = Signals.onStop { group.stop() }
        logger.info("starting", ["version": .string(Version.current), "port": .int(Int64(configuration.port))])
        defer { logger.info("stopped") }
        try await withExtendedLifetime(signals) { try await group.run() }
    }

    func migrate() async throws {
        let postgres = PostgresClient(configuration: database, logger: logger)
        let running = Task { try await postgres.run() }
        defer { running.cancel() }
        let gate = MigrationGate(modules: modules, client: postgres, applies: true, logger: logger)
        try await withDeadline(.seconds(300), "migrate") { try await gate.ready() }
        logger.info("schema is current")
    }

    func replayDeadLetters(_ words: [String]) async throws {
        guard words.count == 2 else {
            throw ConfigurationFault(name: "replay-dlq", reason: "needs a topic and a group")
        }
        let count = try await DeadLetters.replay(
            topic: words[0], group: words[1], configuration: messaging, logger: logger)
        print("replayed \(count) dead letters of \(words[0]) for \(words[1])")
    }

    private var database: PostgresConfiguration {
        PostgresConfiguration(
            url: configuration.databaseURL, schema: definition.schema, applicationName: "atelier-\(definition.name)",
            poolSize: configuration.databaseConnections)
    }

    private var messaging: KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: configuration.kafka, clientID: "atelier-\(definition.name)",
            security: configuration.kafkaSecurity, user: configuration.kafkaUser,
            password: configuration.kafkaPassword, certificateAuthority: configuration.kafkaCA,
            replication: configuration.kafkaReplication, partitions: configuration.kafkaPartitions)
    }

    private var faults: DeliveryFaults {
        DeliveryFaults(
            inboxOff: configuration.inboxOff, publishBeforeCommit: configuration.publishBeforeCommit)
    }
}
