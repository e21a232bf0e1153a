import FoundationEssentials
import HTTP
import Outbox
import Postgres
import ServiceKit

/// How analytics is put together.
enum AnalyticsApplication {
    static let migrations = [
        Migration(id: "V0002_events", sql: PackageResources.V0002_events_sql),
        Migration(id: "V0003_activities", sql: PackageResources.V0003_activities_sql),
    ]

    static let definition = ServiceDefinition(
        name: "analytics", purpose: "counts events, measures durations, reads how posts do", port: 8082,
        schema: "analytics", migrations: migrations, configuration: AnalyticsConfiguration.self,
        commands: OperatorCommand.projections(Projections.all), build: assemble)

    @Sendable static func assemble(_ settings: AnalyticsConfiguration, _ platform: Platform) async throws -> Assembly {
        var routes = Router()
        AnalyticsRoutes(postgres: platform.postgres, tokens: platform.tokens)
            .add(to: &routes)
        var assembly = Assembly(
            routes: routes, subscriptions: Ingest().subscriptions,
            services: Upkeep.parts(platform.postgres, settings, logger: platform.logger))
        // Every event of the fleet comes here and nobody waits for it: a burst costs a few transactions, not one each.
        assembly.events.pace = .milliseconds(250)
        return assembly
    }
}
