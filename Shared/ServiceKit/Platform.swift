public import Auth
public import NetworkClient
public import Outbox
public import Postgres
public import Telemetry

/// What a service is given to build itself from.
public struct Platform: Sendable {
    public let name: String
    public let configuration: PlatformConfiguration
    public let logger: Logger
    public let metrics: MetricsRegistry
    public let postgres: PostgresClient
    public let outbox: Outbox
    public let http: HTTPClient
    /// Verifies the access tokens of people.
    public let tokens: TokenVerifier
    /// Makes and verifies the tokens of services, for `/internal` routes.
    public let serviceTokens: ServiceTokens

    public var peers: Peers { configuration.peers }
}
