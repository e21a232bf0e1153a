import Foundation
import HTTP
import Postgres
import Primitives
import TestKit
import Testing

@testable import PublisherService

@Suite(.timeLimit(.minutes(2))) struct AccountTests {
    private func connections(_ world: World) -> AccountConnections {
        AccountConnections(
            networks: world.sender.networks, accounts: world.accounts, redirectURI: "https://x.example/callback")
    }

    private func state(_ start: AccountConnections.Start) throws -> String {
        let query = try #require(URLComponents(string: start.authorizationUrl)?.queryItems)
        return try #require(query.first { $0.name == "state" }?.value)
    }

    @Test func aPersonConnectsAnAccount() async throws {
        try await World.with { world in
            let connections = connections(world)
            let start = try await connections.begin(
                platform: "fake", workspaceID: world.workspace, userID: world.user)
            let account = try await connections.finish(
                code: "good", state: try state(start), issuer: "https://fake.example", workspaceID: world.workspace,
                userID: world.user)
            #expect(account.username == "ada")
            // PKCE: the challenge in the link is the hash of the verifier that the exchange sent, and is not it.
            let verifier = try #require(world.networks[0].verifiers.first)
            #expect(verifier.utf8.count == 43)
            #expect(!start.authorizationUrl.contains(verifier))
            let again = try await connections.begin(
                platform: "fake", workspaceID: world.workspace, userID: world.user)
            let same = try await connections.finish(
                code: "good", state: try state(again), issuer: nil, workspaceID: world.workspace, userID: world.user)
            #expect(same.id == account.id)
        }
    }

    /// R32.
    @Test func whatWasNotBegunHereIsRefused() async throws {
        try await World.with { world in
            let connections = connections(world)
            func begin() async throws -> String {
                try state(
                    await connections.begin(platform: "fake", workspaceID: world.workspace, userID: world.user))
            }
            func refused(
                _ state: String, code: String = "good", issuer: String? = nil, user: UUID? = nil,
                workspace: UUID? = nil
            ) async {
                await #expect(throws: Problem.self) {
                    try await connections.finish(
                        code: code, state: state, issuer: issuer, workspaceID: workspace ?? world.workspace,
                        userID: user ?? world.user)
                }
            }
            await refused("")
            await refused("made-up")
            await refused(String(repeating: "x", count: 5000))
            await refused(try await begin(), code: "")
            await refused(try await begin(), issuer: "https://other.example")
            let wrongCode = try await begin()
            await refused(wrongCode, code: "bad")
            await refused(wrongCode)
            let others = try await begin()
            await refused(others, user: .v7())
            await refused(others)
            await refused(try await begin(), workspace: .v7())
            let late = try await begin()
            try await world.postgres.execute("UPDATE oauth_request SET expires_at = now() - interval '1 second'")
            await refused(late)
            #expect(try await world.accounts.list(workspaceID: world.workspace, limit: 10, after: nil).isEmpty)
            await #expect(throws: Problem.self) {
                try await connections.begin(platform: "nowhere", workspaceID: world.workspace, userID: world.user)
            }
        }
    }

    @Test func nothingSecretIsReadableInTheDatabase() async throws {
        try await World.with { world in
            _ = try await world.accounts.save(
                NetworkProfile(id: "p", username: "ada"), platform: "fake",
                tokens: TokenSet(accessToken: "CANARY-access", refreshToken: "CANARY-refresh", expiresAt: nil),
                workspaceID: world.workspace, userID: world.user)
            let start = try await connections(world).begin(
                platform: "fake", workspaceID: world.workspace, userID: world.user)
            for table in ["social_account", "oauth_request"] {
                let text = try await world.postgres.query(
                    "SELECT coalesce(string_agg(row_to_json(t)::text, ''), '') FROM \(unescaped: table) AS t"
                )[0].decode(String.self)
                #expect(!text.isEmpty)
                #expect(!text.contains(Data("CANARY".utf8).map { String(format: "%02x", $0) }.joined()))
                #expect(!text.contains("CANARY"))
                let secret = try state(start)
                #expect(!text.contains(secret))
            }
        }
    }

    @Test func tokensAreRefreshedOnceAheadOfTheirEnd() async throws {
        try await World.with([FakeNetwork("fake", slow: .milliseconds(300))]) { world in
            let account = try await world.connect(expiresIn: 10)[0]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        _ = try await world.sender.tokens.with(account.id) { network, token in
                            try await network.profile(token)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(world.networks[0].calls.count { $0 == .refresh } == 1)
        }
    }

    @Test func aTokenThatEndsInTheMiddleIsRefreshedAndTheWorkGoesOn() async throws {
        try await World.with { world in
            let id = try await world.publish(world.connect())
            world.networks[0].endTokens()
            try await world.running {
                let ended = try await world.ended(id)
                #expect(ended.status == .published)
            }
            #expect(world.networks[0].calls.count { $0 == .refresh } == 1)
            #expect(world.networks[0].posts.count == 1)
        }
    }

    @Test func anAccountThatTheNetworkForgotIsDisconnected() async throws {
        try await World.with { world in
            let account = try await world.connect()[0]
            let id = try await world.publish([account])
            world.networks[0].forgetEverybody()
            try await world.running {
                let ended = try await world.ended(id)
                #expect(ended.status == .failed)
                #expect(ended.targets[0].error?.code == "account_disconnected")
            }
            let stored = try await world.accounts.find([account.id], workspaceID: world.workspace)
            #expect(stored[0].status == "disconnected")
        }
    }

    @Test func accountsBelongToTheirWorkspace() async throws {
        try await World.with { world in
            let account = try await world.connect()[0]
            #expect(try await world.accounts.find([account.id], workspaceID: .v7()).isEmpty)
            #expect(try await world.accounts.list(workspaceID: .v7(), limit: 5, after: nil).isEmpty)
            await #expect(throws: Problem.self) { try await connections(world).end(account.id, workspaceID: .v7()) }
            try await connections(world).end(account.id, workspaceID: world.workspace)
            let left = try await world.accounts.tokens(account.id)
            #expect(left?.version == nil)
        }
    }
}
