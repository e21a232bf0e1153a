import Assets
import Crypto
import Events
import FoundationEssentials
import HTTP
import Jobs
import Postgres
import ServiceKit

/// The publisher: social accounts, one post to many networks, a ledger that never posts twice, and the figures of posts.
let definition = ServiceDefinition(
    name: "publisher", purpose: "social accounts, publications and their ledger, figures of posts", port: 8087,
    schema: "publisher",
    migrations: [Migration(id: "V0001_publisher", sql: PackageResources.V0001_publisher_sql)],
    configuration: PublisherConfiguration.self, usesJobs: true
) { settings, platform in
    let networks = Networks([SandboxNetwork(url: settings.sandboxURL, http: platform.http)])
    let accounts = AccountTable(
        postgres: platform.postgres, vault: TokenVault(secret: settings.sealSecret, purpose: platform.name))
    let publications = PublicationTable(postgres: platform.postgres, outbox: platform.outbox)
    let assets = AssetClient(
        http: platform.http, baseURL: platform.peers.storage, tokens: platform.serviceTokens, timeout: .seconds(10))
    let connections = AccountConnections(
        networks: networks, accounts: accounts, redirectURI: platform.peers.publicURL + "/social-accounts/callback")
    let sender = TargetSender(
        networks: networks, tokens: AccessTokens(networks: networks, accounts: accounts), assets: assets,
        publications: publications, logger: platform.logger)

    let desk = WorkDesk(
        worker: .publisher, kinds: [PublishWork.kind], postgres: platform.postgres, outbox: platform.outbox)
    let runner = PublicationRunner(
        publications: publications, sender: sender, slots: settings.slots, logger: platform.logger)
    let work = PublishWork(
        publications: publications, accounts: accounts, assets: assets, jobs: desk.store, wake: runner.wake)
    let jobs = JobRunner(
        store: desk.store, slots: settings.slots, handlers: [PublishWork.kind: work.perform], logger: platform.logger)
    let poller = MetricsPoller(
        publications: publications, tokens: sender.tokens, minimum: settings.metricsInterval, logger: platform.logger)

    var routes = Router()
    AccountRoutes(connections: connections, accounts: accounts, tokens: platform.tokens).add(to: &routes)
    InternalRoutes(accounts: accounts, serviceTokens: platform.serviceTokens).add(to: &routes)
    PublicationRoutes(
        publications: publications, accounts: accounts, assets: assets, postgres: platform.postgres,
        tokens: platform.tokens, wake: runner.wake
    ).add(to: &routes)
    return Assembly(routes: routes, subscriptions: desk.subscriptions, services: [runner, jobs, poller.part])
}
