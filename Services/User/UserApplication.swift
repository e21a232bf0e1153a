import Crypto
import FoundationEssentials
import HTTP
import Lifecycle
import Outbox
import Postgres
import Primitives
import ServiceKit

/// How the user service is put together.
enum UserApplication {
    static let migrations = [
        Migration(id: "V0002_accounts", sql: PackageResources.V0002_accounts_sql),
        Migration(id: "V0003_sessions", sql: PackageResources.V0003_sessions_sql),
        Migration(id: "V0004_keys", sql: PackageResources.V0004_keys_sql),
        Migration(id: "V0005_audit", sql: PackageResources.V0005_audit_sql),
    ]

    static let definition = ServiceDefinition(
        name: "user", purpose: "accounts, sessions, keys and roles", port: 8081, schema: "user_",
        migrations: migrations, configuration: UserConfiguration.self, commands: KeyCommands.all,
        build: assemble)

    @Sendable static func assemble(_ settings: UserConfiguration, _ platform: Platform) async throws -> Assembly {
        let keys = KeyRing()
        let postgres = platform.postgres
        let sessions = SessionService(
            postgres: postgres, outbox: platform.outbox, keys: keys, accessLifetime: settings.accessLifetime,
            refreshLifetime: settings.refreshLifetime, sessionLifetime: settings.sessionLifetime)
        let accounts = AccountService(
            postgres: postgres, outbox: platform.outbox,
            hasher: try PasswordHasher(
                parameters: Argon2id(memoryKiB: settings.hashMemory, passes: settings.hashPasses),
                threads: settings.hashThreads, queue: settings.hashQueue),
            policy: PasswordPolicy(list: String(decoding: PackageResources.common_passwords_txt, as: UTF8.self)),
            sessions: sessions, sealSecret: settings.sealSecret)
        let cookies = CookieSession(
            isSecure: platform.peers.publicURL.hasPrefix("https:"), refreshLifetime: settings.refreshLifetime)
        var routes = Router()
        AuthRoutes(accounts: accounts, sessions: sessions, tokens: platform.tokens, cookies: cookies)
            .add(to: &routes)
        ProfileRoutes(accounts: accounts, tokens: platform.tokens).add(to: &routes)
        KeyRoutes(
            keys: keys, postgres: postgres, serviceTokens: platform.serviceTokens,
            accessLifetime: settings.accessLifetime
        ).add(to: &routes)
        let rotation = KeyRotation(
            KeyStore(postgres, secret: settings.sealSecret), keys, settings.keyPlan, logger: platform.logger)
        for event in SecurityEvent.allCases { event.count(by: 0) }
        var assembly = Assembly(
            routes: routes,
            services: [
                rotation,
                // Forgets, once in a while, what nobody can use any more.
                Periodic("housekeeping", every: .seconds(600), logger: platform.logger) {
                    try await SessionStore.forgetOld(on: postgres)
                    try await Idempotency.purge(on: postgres)
                    return false
                },
            ],
            readiness: { keys.isReady ? [] : ["signing key"] })
        // Sign-ins are many and nobody waits to hear of them: a burst is told at once, not one by one.
        assembly.relay.pace = .milliseconds(100)
        return assembly
    }
}
