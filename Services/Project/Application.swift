import Configuration
import Events
import Outbox
import Postgres
import ServiceKit

/// The settings of this service beyond those that every service has: none yet.
struct ProjectConfiguration: Configurable {
    init(_ read: inout ConfigurationReader) {}
}

/// How the service is put together.
let definition = ServiceDefinition(
    name: "project", purpose: "projects, the runs of their workflows, and the view of all work", port: 8086,
    schema: "project", migrations: ProjectParts.migrations, configuration: ProjectConfiguration.self,
    commands: OperatorCommand.projections { _ in ProjectParts.projections }
) { _, platform in
    let parts = try ProjectParts(
        postgres: platform.postgres, outbox: platform.outbox, tokens: platform.tokens,
        assets: .remote(
            platform.peers.storage + "/internal/v1/assets", of: "storage", http: platform.http,
            tokens: platform.serviceTokens),
        accounts: .remote(
            platform.peers.publisher + "/internal/v1/accounts", of: "publisher", http: platform.http,
            tokens: platform.serviceTokens),
        metrics: platform.metrics)
    let timer = RunTimer(driver: parts.driver, postgres: platform.postgres)
    return Assembly(
        routes: parts.routes,
        subscriptions: [
            .on(WorkChanged.self) { event, tx in try await parts.take(event.payload, at: event.time, in: tx) },
            .on(PublicationChanged.self) { event, tx in try await parts.take(event.payload, in: tx) },
        ],
        services: [
            timer.part(logger: platform.logger), timer.gauges(logger: platform.logger),
            Upkeep(postgres: platform.postgres).part(logger: platform.logger),
        ])
}
