import Auth
import Crypto
import Foundation
import HTTP
import Postgres
import Primitives
import ServiceKit
import TestKit
import Testing

@testable import PublisherService

/// The routes as a client sees them, with real tokens.
private struct Client: Sendable {
    let router: Router
    private let signer: TokenSigner
    private let world: World

    init(_ world: World, assets: FakeAssets = FakeAssets()) async throws {
        self.world = world
        let key = try ES256PrivateKey()
        signer = TokenSigner(key: key, keyID: "k")
        let verifier = TokenVerifier(
            keys: KeyDirectory(keys: JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: "k")])))
        var router = Router()
        AccountRoutes(
            connections: AccountConnections(
                networks: world.sender.networks, accounts: world.accounts, redirectURI: "https://x.example/callback"),
            accounts: world.accounts, tokens: verifier
        ).add(to: &router)
        PublicationRoutes(
            publications: world.publications, accounts: world.accounts, assets: assets, postgres: world.postgres,
            tokens: verifier, wake: {}
        ).add(to: &router)
        self.router = router
    }

    func call(
        _ method: HTTPMethod, _ path: String, _ value: JSONValue? = nil, workspace: UUID? = nil, role: Role = .pm,
        key: String? = nil, anonymous: Bool = false
    ) async throws -> (status: Int, body: JSONValue) {
        let claims = AccessTokenClaims(
            userID: world.user, workspaceID: workspace ?? world.workspace, role: role, sessionID: .v7(),
            lifetime: .seconds(600))
        var headers = HTTPHeaders()
        if !anonymous { headers.set("Authorization", "Bearer \(try signer.sign(claims))") }
        if let key { headers.set("Idempotency-Key", key) }
        var body = HTTPBody.empty
        if let value {
            headers.set("Content-Type", "application/json")
            body = .data(try JSON.encode(value))
        }
        let answer = await router.respond(
            to: HTTPRequest(method: method, target: "/api/v1" + path, headers: headers, body: body))
        guard case .data(let data) = answer.body else { return (answer.status.rawValue, .null) }
        return (answer.status.rawValue, try JSON.decode(JSONValue.self, from: data))
    }
}

@Suite(.timeLimit(.minutes(2))) struct RouteTests {
    @Test func aPublicationIsMadeOnceForAKey() async throws {
        try await World.with { world in
            let client = try await Client(world)
            let account = try await world.connect()[0]
            let wanted: JSONValue = [
                "assetId": .string(UUID.v7().text), "accountIds": [.string(account.id.text)], "caption": "Hello",
            ]
            let first = try await client.call(.POST, "/publish", wanted, key: "k1")
            #expect(first.status == 202)
            let again = try await client.call(.POST, "/publish", wanted, key: "k1")
            #expect(again.body["id"] == first.body["id"])
            let other = try await client.call(
                .POST, "/publish", ["assetId": .string(UUID.v7().text), "accountIds": [.string(account.id.text)]],
                key: "k1")
            #expect(other.status == 422)
            let list = try await client.call(.GET, "/publications")
            #expect(list.body["items"]?.arrayValue?.count == 1)
            let id = first.body["id"]?.stringValue ?? ""
            let shown = try await client.call(.GET, "/publications/\(id)")
            #expect(shown.body["targets"]?.arrayValue?.first?["status"] == "pending")
            #expect(shown.body["caption"] == "Hello")
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        try await World.with { world in
            let missing = UUID.v7()
            let client = try await Client(world, assets: FakeAssets(missing: [missing]))
            let account = JSONValue.string(try await world.connect()[0].id.text)
            let asset = JSONValue.string(UUID.v7().text)
            func status(_ value: JSONValue) async throws -> Int {
                try await client.call(.POST, "/publish", value).status
            }
            #expect(try await status(["assetId": asset, "accountIds": []]) == 400)
            #expect(try await status(["assetId": asset, "accountIds": [account, account]]) == 400)
            #expect(try await status(["assetId": asset]) == 400)
            #expect(try await status(["assetId": "7", "accountIds": [account]]) == 400)
            #expect(
                try await status(["assetId": asset, "accountIds": [account], "publishAt": "2999-01-01T00:00:00Z"])
                    == 400)
            #expect(try await status(["assetId": asset, "accountIds": [.string(UUID.v7().text)]]) == 404)
            #expect(try await status(["assetId": .string(missing.text), "accountIds": [account]]) == 404)
            #expect(try await client.call(.GET, "/publications?status=nonsense").status == 400)
            #expect(try await client.call(.GET, "/calendar?from=yesterday").status == 400)
            #expect(try await client.call(.GET, "/publications/7").status == 404)
        }
    }

    /// R33: another workspace, a lower role, nobody.
    @Test func othersSeeAndDoNothing() async throws {
        try await World.with { world in
            let client = try await Client(world)
            let account = try await world.connect()[0]
            let id = try await world.publish([account], at: Date() + 3600)
            let stranger = UUID.v7()
            let wanted: JSONValue = [
                "assetId": .string(UUID.v7().text), "accountIds": [.string(account.id.text)],
            ]
            let routes: [(HTTPMethod, String, JSONValue?, Int)] = [
                (.GET, "/publications/\(id.text)", nil, 404), (.POST, "/publications/\(id.text)/cancel", nil, 404),
                (.DELETE, "/social-accounts/\(account.id.text)", nil, 404), (.POST, "/publish", wanted, 404),
            ]
            for (method, path, value, expected) in routes {
                let answer = try await client.call(method, path, value, workspace: stranger)
                #expect(answer.status == expected, "\(method) \(path)")
                let nobody = try await client.call(method, path, value, anonymous: true)
                #expect(nobody.status == 401, "\(method) \(path)")
            }
            for path in ["/publications", "/calendar", "/social-accounts"] {
                let answer = try await client.call(.GET, path, workspace: stranger)
                #expect(answer.body["items"]?.arrayValue?.isEmpty == true)
            }
            for (method, path, value, _) in routes where method != .GET {
                let answer = try await client.call(method, path, value, role: .user)
                #expect(answer.status == 403, "\(method) \(path)")
            }
            #expect(try await world.status(id).status == .scheduled)
        }
    }

    @Test func theCalendarHasWhatIsPlannedAndPagesHoldTogether() async throws {
        try await World.with { world in
            let client = try await Client(world)
            let accounts = try await world.connect()
            var ids: [String] = []
            for hour in 1...5 {
                ids.append(try await world.publish(accounts, at: Date() + Double(hour) * 3600).text)
            }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let page = try await client.call(
                    .GET, "/calendar?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
                seen += page.body["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
                cursor = page.body["nextCursor"]?.stringValue
            } while cursor != nil
            #expect(seen == ids)
            let cancelled = try await client.call(.POST, "/publications/\(ids[0])/cancel")
            #expect(cancelled.body["status"] == "cancelled")
            let list = try await client.call(.GET, "/publications?status=cancelled")
            #expect(list.body["items"]?.arrayValue?.count == 1)
        }
    }
}
