public import HTTP
public import HTTPServer
public import Lifecycle
public import Outbox

/// What a service consists of beside the platform: its routes, its subscriptions, its own parts.
public struct Assembly: Sendable {
    public var routes: Router
    public var subscriptions: [Subscription]
    public var services: [any Service]
    /// More reasons for which the service is not ready, by name; empty where it is.
    public var readiness: @Sendable () async -> [String]
    /// What the listener of the API takes.
    public var limits = ServerLimits()

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
