public import Configuration
public import Messaging

/// The settings that every service has.
public struct PlatformConfiguration: Configurable {
    public let host: String
    public let port: Int
    public let adminPort: Int
    public let logLevel: String
    public let databaseURL: String
    public let databaseConnections: Int
    public let migrateOnStart: Bool
    public let kafka: KafkaSettings
    public let serviceSecret: String
    public let tracesEndpoint: String
    public let drainDelay: Duration
    public let stopLimit: Duration
    public let bodyLimit: Int
    public let peers: Peers
    public let inboxOff: Bool
    public let publishBeforeCommit: Bool

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
    public let user: String
    public let project: String
    public let storage: String
    public let publisher: String
    public let publicURL: String

    public init(_ read: inout ConfigurationReader) {
        user = read.url("USER_URL", default: "http://127.0.0.1:8081", "The service user.")
        project = read.url("PROJECT_URL", default: "http://127.0.0.1:8086", "The service project.")
        storage = read.url("STORAGE_URL", default: "http://127.0.0.1:8089", "The service storage.")
        publisher = read.url("PUBLISHER_URL", default: "http://127.0.0.1:8087", "The service publisher.")
        publicURL = read.url(
            "PUBLIC_URL", default: "http://127.0.0.1:8080", "The gateway as people reach it; links begin with it.")
    }
}
