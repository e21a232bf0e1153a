import Auth
import FoundationEssentials
import HTTP
import Lifecycle
import NetworkClient
import Postgres
import Primitives
import ServiceKit

/// How the notifier is put together.
enum NotifierApplication {
    static let migrations = [
        Migration(id: "V0002_people", sql: PackageResources.V0002_people_sql),
        Migration(id: "V0003_live", sql: PackageResources.V0003_live_sql),
        Migration(id: "V0004_webhooks", sql: PackageResources.V0004_webhooks_sql),
        Migration(id: "V0005_mail", sql: PackageResources.V0005_mail_sql),
    ]

    static let definition = ServiceDefinition(
        name: "notifier", purpose: "notifications, live updates, mail and webhooks", port: 8088, schema: "notifier",
        migrations: migrations, configuration: NotifierConfiguration.self, build: assemble)

    @Sendable static func assemble(_ settings: NotifierConfiguration, _ platform: Platform) async throws -> Assembly {
        let (postgres, tokens, logger) = (platform.postgres, platform.tokens, platform.logger)
        let webhooks = WebhookStore(postgres, secret: settings.webhookSecret)
        let hub = LiveHub(postgres, limit: settings.clientLimit, logger: logger)
        let live = LiveStream(
            hub: hub, postgres: postgres, revocations: tokens.revocations, heartbeat: settings.heartbeat)
        var routes = Router()
        NotificationRoutes(postgres: postgres, tokens: tokens).add(to: &routes)
        WebhookRoutes(
            store: webhooks, tokens: tokens, secret: settings.webhookSecret,
            allowsPrivate: settings.allowsPrivateTargets
        ).add(to: &routes)
        LiveRoutes(live: live, tokens: tokens, publicURL: platform.peers.publicURL).add(to: &routes)
        let sender = WebhookSender(
            postgres: postgres, store: webhooks, http: platform.http, timeout: settings.webhookTimeout,
            allowsPrivate: settings.allowsPrivateTargets)
        let server = SMTPServer(url: settings.smtpURL)
        var parts: [any Service] = [
            hub, WebhookDispatcher(postgres, sender, slots: settings.webhookSlots, logger: logger),
            Housekeeping.part(postgres, liveRetention: settings.liveRetention, logger: logger),
        ]
        if let server {
            let smtp = SMTPClient(server, over: platform.http)
            parts.append(MailDispatcher(postgres, smtp, from: settings.mailFrom, logger: logger))
        }
        let reactions = Reactions(
            outbox: platform.outbox, publicURL: platform.peers.publicURL, sendsMail: server != nil)
        return Assembly(routes: routes, subscriptions: reactions.subscriptions, services: parts)
    }
}
