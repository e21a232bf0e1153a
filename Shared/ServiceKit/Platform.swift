public import Auth
public import NetworkClient
public import Outbox
public import Postgres
public import Telemetry

/// What a service is given to build itself from.
public struct Platform: Sendable {
    /// The service's name, as its logs, spans and events have it.
    public let name: String
    /// The settings that every service has.
    public let configuration: PlatformConfiguration
    /// Writes to standard output, with the service's name.
    public let logger: Logger
    /// The registry that `/metrics` of the private port writes.
    public let metrics: MetricsRegistry
    /// A pool of connections to the service's own schema.
    public let postgres: PostgresClient
    /// Where events are added, in the transaction of the change that they tell of.
    public let outbox: Outbox
    /// The one client of the process, with the connections that it keeps.
    public let http: HTTPClient
    /// Verifies the access tokens of people.
    public let tokens: TokenVerifier
    /// Makes and verifies the tokens of services, for `/internal` routes.
    public let serviceTokens: ServiceTokens

    /// Where the other services are.
    public var peers: Peers { configuration.peers }

    /// What the host, or a test, has made.
    package init(
        name: String, configuration: PlatformConfiguration, logger: Logger, metrics: MetricsRegistry,
        postgres: PostgresClient, outbox: Outbox, http: HTTPClient, tokens: TokenVerifier, serviceTokens: ServiceTokens
    ) {
        self.name = name
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.postgres = postgres
        self.outbox = outbox
        self.http = http
        self.tokens = tokens
        self.serviceTokens = serviceTokens
    }
}
