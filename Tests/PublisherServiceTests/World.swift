import Foundation
import Outbox
import Postgres
import Primitives
import ServiceKit
import Telemetry
import TestKit

@testable import PublisherService

/// A publisher with a database of its own and networks in memory.
struct World: Sendable {
    let database: TestDatabase
    let postgres: PostgresClient
    let networks: [FakeNetwork]
    let accounts: AccountTable
    let publications: PublicationTable
    let sender: TargetSender
    let workspace = UUID.v7()
    let user = UUID.v7()

    static func with(
        _ networks: [FakeNetwork] = [FakeNetwork()], assets: FakeAssets = FakeAssets(),
        _ body: (World) async throws -> Void
    ) async throws {
        try await withTestDatabase { database in
            let postgres = try PostgresClient(
                configuration: PostgresConfiguration(url: database.url, schema: "publisher"), logger: .quiet)
            try await Migrator.apply(Outbox.migrations, module: "outbox", on: postgres)
            try await Migrator.apply(Idempotency.migrations, module: "idempotency", on: postgres)
            try await Migrator.apply(definition.migrations, module: "publisher", on: postgres)
            let all = Networks(networks)
            let accounts = AccountTable(
                postgres: postgres, vault: TokenVault(secret: String(repeating: "s", count: 32), purpose: "test"))
            let publications = PublicationTable(postgres: postgres, outbox: Outbox(source: "publisher"))
            var sender = TargetSender(
                networks: all, tokens: AccessTokens(networks: all, accounts: accounts), assets: assets,
                publications: publications, logger: .quiet)
            sender.policy.backoff = Backoff(base: .milliseconds(50), maximum: .milliseconds(200))
            sender.policy.question = .milliseconds(50)
            sender.policy.settling = .milliseconds(300)
            try await body(
                World(
                    database: database, postgres: postgres, networks: networks, accounts: accounts,
                    publications: publications, sender: sender))
        }
    }

    /// An account on each network.
    func connect(
        expiresIn seconds: Double = 3600, profile: String = "p1", only: [FakeNetwork]? = nil
    ) async throws -> [SocialAccount] {
        var made: [SocialAccount] = []
        for network in only ?? networks {
            made.append(
                try await accounts.save(
                    NetworkProfile(id: profile, username: "ada"), platform: network.platform,
                    tokens: TokenSet(
                        accessToken: "access-0", refreshToken: "refresh-0", expiresAt: Date() + seconds),
                    workspaceID: workspace, userID: user))
        }
        return made
    }

    func publish(_ accounts: [SocialAccount], at: Date = Date()) async throws -> UUID {
        let new = NewPublication(
            id: .v7(), workspaceID: workspace, userID: user, projectID: nil, runID: nil, assetID: .v7(),
            caption: "A film", publishAt: at, accounts: accounts)
        try await postgres.withTransaction { try await publications.create(new, in: $0) }
        return new.id
    }

    func status(_ id: UUID) async throws -> Publication {
        guard let found = try await publications.find(id, workspaceID: workspace) else {
            throw NeverHappened(description: "no publication")
        }
        return found
    }

    /// Runs replicas while `body` runs.
    func running(_ replicas: Int = 1, _ body: () async throws -> Void) async throws {
        let runners = (0..<replicas).map { _ in
            PublicationRunner(publications: publications, sender: sender, slots: 8, logger: .quiet)
        }
        try await withRunning(runners, body)
    }

    /// Waits for the end of a publication.
    func ended(_ id: UUID) async throws -> Publication {
        try await eventually("the end of the publication", within: .seconds(30)) {
            try await status(id).status.isFinal
        }
        return try await status(id)
    }

    /// The types and payloads in the outbox.
    func changes(_ id: UUID) async throws -> Int {
        try await postgres.query(
            "SELECT count(*) FROM outbox WHERE key = \(id.text) AND topic = 'atelier.publisher.events.v1'"
        )[0].decode(Int.self)
    }
}

extension Logger {
    static let quiet = Logger(service: "publisher", sink: MemoryLogSink())
}
