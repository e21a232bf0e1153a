public import Configuration
public import Messaging

/// The settings that every service has.
public struct PlatformConfiguration: Configurable {
    /// `HOST`: the address that both listeners take; this machine alone by default.
    public let host: String
    /// `PORT`: of the API.
    public let port: Int
    /// `ADMIN_PORT`: of health and metrics; 1000 above the API's by default.
    public let adminPort: Int
    /// `LOG_LEVEL`: the least level that is written; `info` by default.
    public let logLevel: String
    /// `DATABASE_URL`: Postgres, with the service's own role.
    public let databaseURL: String
    /// `DATABASE_CONNECTIONS`: the size of the pool; 8 by default.
    public let databaseConnections: Int
    /// `MIGRATE_ON_START`: whether the schema is applied at the start, or waited for; applied by default.
    public let migrateOnStart: Bool
    /// `KAFKA_…`: the broker and how it is spoken to.
    public let kafka: KafkaSettings
    /// `SERVICE_SECRET`: the key of the fleet's own tokens, 32 bytes at least.
    public let serviceSecret: String
    /// `OTLP_ENDPOINT`: where spans go; empty for nowhere.
    public let tracesEndpoint: String
    /// `SENTRY_DSN`: where errors are reported to; empty for nowhere.
    public let errorReports: String
    /// `SENTRY_ENVIRONMENT`: what the reports say that this is.
    public let errorEnvironment: String
    /// `DRAIN_DELAY_MS`: how long a stopping service still answers, marked not ready; 3 s by default.
    public let drainDelay: Duration
    /// `STOP_LIMIT_MS`: how long one part may take to end; 20 s by default.
    public let stopLimit: Duration
    /// `BODY_LIMIT_BYTES`: the largest JSON body that a route takes; 1 MiB by default.
    public let bodyLimit: Int
    /// Where the other services are.
    public let peers: Peers
    /// `FAULT_INBOX_OFF`: a fault for tests that must notice it: events are handled again.
    public let inboxOff: Bool
    /// `FAULT_PUBLISH_BEFORE_COMMIT`: a fault for tests that must notice it: events go out before their change is
    /// certain.
    public let publishBeforeCommit: Bool

    /// The same with the port 8080, for a process that has no default of its own.
    public init(_ read: inout ConfigurationReader) { self.init(&read, port: 8080) }

    /// - Parameter port: the service's default port; the private listener's is 1000 above it.
    init(_ read: inout ConfigurationReader, port defaultPort: Int) {
        host = read.string("HOST", default: "127.0.0.1", "Address to listen on; 0.0.0.0 in a container.")
        port = read.int("PORT", default: defaultPort, in: 1...65_535, "Port of the API.")
        adminPort = read.int(
            "ADMIN_PORT", default: defaultPort + 1000, in: 1...65_535,
            "Private port: /health/live, /health/ready, /metrics. Never routed by the gateway.")
        logLevel = read.string(
            "LOG_LEVEL", default: "info", choices: ["debug", "info", "warning", "error"], "Least level that is logged.")
        databaseURL = read.url(
            "DATABASE_URL", schemes: ["postgres", "postgresql"], "Postgres, with the service's own role.")
        databaseConnections = read.int("DATABASE_CONNECTIONS", default: 8, in: 2...200, "Connections at most.")
        migrateOnStart = read.bool(
            "MIGRATE_ON_START", default: true, "Whether `serve` applies the schema first; else it waits for it.")
        kafka = KafkaSettings(&read)
        inboxOff = read.bool(
            "FAULT_INBOX_OFF", default: false, "Test of the tests: handles events again. Never in production.")
        publishBeforeCommit = read.bool(
            "FAULT_PUBLISH_BEFORE_COMMIT", default: false,
            "Test of the tests: publishes events of changes that may not happen. Never in production.")
        serviceSecret = read.secret(
            "SERVICE_SECRET", minimumLength: 32, "Signs the calls between services; the same for all of them.")
        tracesEndpoint = read.url(
            "OTLP_ENDPOINT", isRequired: false, "Where spans go (OTLP/HTTP, JSON), with its path; nowhere by default.")
        (errorReports, errorEnvironment) = ErrorReporter.settings(&read)
        drainDelay = read.milliseconds(
            "DRAIN_DELAY_MS", default: 3_000, in: 0...120_000,
            "How long a service that was told to stop still answers, marked not ready.")
        stopLimit = read.milliseconds(
            "STOP_LIMIT_MS", default: 20_000, in: 1_000...600_000, "How long one part may take to end.")
        bodyLimit = read.int(
            "BODY_LIMIT_BYTES", default: 1_048_576, in: 1_024...104_857_600, "Largest JSON body.")
        peers = Peers(&read)
    }
}

/// Where the other services are.
public struct Peers: Configurable {
    /// `USER_URL`: publishes the keys of tokens, and the sessions that ended.
    public let user: String
    /// `STORAGE_URL`: gives and takes content for the workers.
    public let storage: String
    /// `PUBLISHER_URL`: the social accounts that a workflow may post to.
    public let publisher: String
    /// `PUBLIC_URL`: the gateway as people reach it; links in mails begin with it, and a WebSocket of a page must come from it.
    public let publicURL: String

    /// Every peer has its usual port of this machine by default.
    public init(_ read: inout ConfigurationReader) {
        user = read.url("USER_URL", default: "http://127.0.0.1:8081", "The service user.")
        storage = read.url("STORAGE_URL", default: "http://127.0.0.1:8089", "The service storage.")
        publisher = read.url("PUBLISHER_URL", default: "http://127.0.0.1:8087", "The service publisher.")
        publicURL = read.url(
            "PUBLIC_URL", default: "http://127.0.0.1:8080", "The gateway as people reach it; links begin with it.")
    }
}
