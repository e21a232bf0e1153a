public import HTTP
public import HTTPServer
public import Lifecycle
public import Outbox

/// What a service consists of beside the platform: its routes, its subscriptions, its own parts.
public struct Assembly: Sendable {
    /// The routes of the API, and `/internal` ones, which the gateway does not forward.
    public var routes: Router
    /// The events and commands that it takes, each in a transaction with its effect.
    public var subscriptions: [Subscription]
    /// How the service's own events go out.
    public var relay = OutboxRelay.Options()
    /// How events are tried again, and gathered.
    public var events = EventConsumer.Options()
    /// Parts that run as long as the process: started in this order, after the database and the outbox, before the API.
    public var services: [any Service]
    /// More reasons for which the service is not ready, by name; empty where it is.
    public var readiness: @Sendable () async -> [String]
    /// The brown-outs that the service is in beside those of the database and the broker.
    public var degradations: @Sendable () -> [Degradation] = { [] }
    /// What the listener of the API takes.
    public var limits = ServerLimits()

    /// - Parameter readiness: more reasons for which the service is not ready, by name; asked at each `/health/ready`.
    public init(
        routes: Router = Router(), subscriptions: [Subscription] = [], services: [any Service] = [],
        readiness: @escaping @Sendable () async -> [String] = { [] }
    ) {
        self.routes = routes
        self.subscriptions = subscriptions
        self.services = services
        self.readiness = readiness
    }
}
