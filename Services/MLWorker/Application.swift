import Assets
import Postgres
import ServiceKit

/// The ml-worker: agents that write, speak, compose and lay out films.
let definition = ServiceDefinition(
    name: "ml-worker", purpose: "agents that write, speak and compose; providers and what they cost", port: 8083,
    schema: "ml", migrations: MLParts.migrations, configuration: MLConfiguration.self, usesJobs: true
) { settings, platform in
    let parts = MLParts(
        settings: settings, postgres: platform.postgres, outbox: platform.outbox, http: platform.http,
        tokens: platform.tokens,
        assets: AssetClient(http: platform.http, baseURL: platform.peers.storage, tokens: platform.serviceTokens),
        logger: platform.logger)
    return Assembly(routes: parts.routes, subscriptions: parts.desk.subscriptions, services: [parts.runner])
}
