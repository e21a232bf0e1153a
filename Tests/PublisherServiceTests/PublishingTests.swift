import Foundation
import Lifecycle
import Postgres
import Primitives
import TestKit
import Testing

@testable import PublisherService

@Suite(.timeLimit(.minutes(2))) struct PublishingTests {
    @Test func onePostForEachAccount() async throws {
        try await World.with([FakeNetwork("a"), FakeNetwork("b")]) { world in
            let id = try await world.publish(world.connect())
            try await world.running {
                let publication = try await world.ended(id)
                #expect(publication.status == .published)
                #expect(publication.targets.allSatisfy { $0.status == .published && $0.postUrl != nil })
            }
            for network in world.networks {
                #expect(network.posts.count == 1)
                // The content, the post, and nothing else.
                #expect(network.calls.count == 2)
            }
            // Scheduled, begun, and each target's end.
            #expect(try await world.changes(id) == 4)
        }
    }

    /// R19: one network works, one asks to wait, one refuses for good.
    @Test func aPartialPublicationHonoursRetryAfter() async throws {
        let (good, busy, strict) = (FakeNetwork("good"), FakeNetwork("busy"), FakeNetwork("strict"))
        try await World.with([good, busy, strict]) { world in
            busy.plan(.fails(.rateLimited(retryAfter: .seconds(2))))
            strict.plan(.fails(.refused(code: "content_refused", message: "No.")))
            let id = try await world.publish(world.connect())
            try await world.running {
                let publication = try await world.ended(id)
                #expect(publication.status == .partiallyPublished)
                let byPlatform = Dictionary(uniqueKeysWithValues: publication.targets.map { ($0.platform, $0) })
                #expect(byPlatform["good"]?.status == .published)
                #expect(byPlatform["busy"]?.status == .published)
                #expect(byPlatform["strict"]?.status == .failed)
                #expect(byPlatform["strict"]?.error?.code == "content_refused")
            }
            let tries = busy.times { if case .post = $0 { true } else { false } }
            try #require(tries.count == 2)
            #expect(tries[1] - tries[0] >= .seconds(2))
            // The content was kept: it is not uploaded again.
            #expect(busy.times { if case .upload = $0 { true } else { false } }.count == 1)
            #expect(strict.times { if case .post = $0 { true } else { false } }.count == 1)
        }
    }

    @Test func rateLimitsHoldForTheWholeAccount() async throws {
        try await World.with { world in
            let network = world.networks[0]
            network.plan(.fails(.rateLimited(retryAfter: .seconds(2))))
            let accounts = try await world.connect()
            let first = try await world.publish(accounts)
            try await world.running {
                try await eventually { try await world.status(first).targets[0].error?.code == "rate_limited" }
                let second = try await world.publish(accounts)
                _ = try await world.ended(first)
                _ = try await world.ended(second)
            }
            let posts = network.times { if case .post = $0 { true } else { false } }
            try #require(posts.count == 3)
            #expect(posts[1] - posts[0] >= .seconds(2))
        }
    }

    @Test func aLostAnswerIsAskedForAndNotRepeated() async throws {
        try await World.with { world in
            let network = world.networks[0]
            network.plan(.losesAnswer)
            // The first two questions come before the network's servers know of the post.
            network.hideNextFinds(2)
            let id = try await world.publish(world.connect())
            try await world.running {
                let ended = try await world.ended(id)
                #expect(ended.status == .published)
            }
            #expect(network.posts.count == 1)
            #expect(network.times { if case .post = $0 { true } else { false } }.count == 1)
            #expect(network.times { if case .find = $0 { true } else { false } }.count == 3)
        }
    }

    @Test func aLostRequestIsRepeatedOnlyAfterAsking() async throws {
        try await World.with { world in
            let network = world.networks[0]
            network.plan(.losesRequest)
            let id = try await world.publish(world.connect())
            try await world.running {
                let ended = try await world.ended(id)
                #expect(ended.status == .published)
            }
            #expect(network.posts.count == 1)
            let order = network.calls.compactMap { call -> String? in
                switch call {
                case .post: "post"
                case .find: "find"
                default: nil
                }
            }
            #expect(order.first == "post" && order.last == "post" && order.count { $0 == "post" } == 2)
            #expect(order.count { $0 == "find" } >= 3)
        }
    }

    /// A process that died between the call and the answer leaves `sent`: whoever comes next asks first.
    @Test(arguments: [true, false]) func aDeadProcessLeavesNoDouble(_ wasPosted: Bool) async throws {
        try await World.with { world in
            let network = world.networks[0]
            let id = try await world.publish(world.connect())
            let entry = try #require(try await world.publications.claim(1).first)
            #expect(try await world.publications.markSent(entry))
            if wasPosted {
                _ = try await network.post(
                    NewPost(mediaID: "m", caption: "", reference: entry.reference), "access-0")
            }
            // Its lease ends.
            try await world.postgres.execute("UPDATE ledger SET lease_until = now() - interval '1 second'")
            try await world.running {
                let ended = try await world.ended(id)
                #expect(ended.status == .published)
            }
            #expect(network.posts.count == 1)
            // What the dead one writes now has no effect.
            try await world.publications.finish(entry, .failed(code: "late", message: ""))
            #expect(try await world.status(id).status == .published)
        }
    }

    /// R16: many due at once, several replicas.
    @Test func eachIsFiredOnceByManyReplicas() async throws {
        try await World.with { world in
            let accounts = try await world.connect()
            var ids: [UUID] = []
            for _ in 0..<120 { ids.append(try await world.publish(accounts)) }
            try await world.running(3) {
                try await eventually("all are published", within: .seconds(60)) {
                    try await world.postgres.query("SELECT count(*) FROM publication WHERE status = 'published'")[0]
                        .decode(Int.self) == 120
                }
            }
            #expect(world.networks[0].posts.count == 120)
            #expect(Set(world.networks[0].posts).count == 120)
        }
    }

    @Test func aPlannedOneWaitsAndMayBeTakenBack() async throws {
        try await World.with { world in
            let accounts = try await world.connect()
            let later = try await world.publish(accounts, at: Date() + 3600)
            let now = try await world.publish(accounts)
            try await world.running {
                _ = try await world.ended(now)
                #expect(try await world.status(later).status == .scheduled)
                #expect(try await world.publications.cancel(later, workspaceID: world.workspace) == true)
                #expect(try await world.publications.cancel(later, workspaceID: world.workspace) == true)
                #expect(try await world.publications.cancel(now, workspaceID: world.workspace) == false)
                #expect(try await world.publications.cancel(now, workspaceID: .v7()) == nil)
            }
            #expect(try await world.status(later).status == .cancelled)
            #expect(try await world.status(later).targets[0].status == .cancelled)
            #expect(world.networks[0].posts.count == 1)
        }
    }

    @Test func anAssetThatIsGoneFailsForGood() async throws {
        let asset = UUID.v7()
        try await World.with([FakeNetwork()], assets: FakeAssets(missing: [asset])) { world in
            let new = NewPublication(
                id: .v7(), workspaceID: world.workspace, userID: world.user, projectID: nil, runID: nil, assetID: asset,
                caption: "", publishAt: Date(), accounts: try await world.connect())
            try await world.postgres.withTransaction { try await world.publications.create(new, in: $0) }
            try await world.running {
                let ended = try await world.ended(new.id)
                #expect(ended.status == .failed)
                #expect(ended.targets[0].error?.code == "asset_gone")
            }
            #expect(world.networks[0].posts.isEmpty)
        }
    }

    @Test func figuresAreReadAndTold() async throws {
        try await World.with { world in
            let id = try await world.publish(world.connect())
            let poller = MetricsPoller(
                publications: world.publications, tokens: world.sender.tokens, minimum: .milliseconds(100),
                logger: .quiet
            ).part
            let polling = Task { try await poller.run() }
            try await world.running {
                _ = try await world.ended(id)
                try await eventually("several looks") {
                    world.networks[0].times { if case .figures = $0 { true } else { false } }.count >= 3
                }
            }
            await poller.stop()
            try await polling.value
            // The figures did not change: they are told once.
            #expect(try await world.changes(id) == 4)
        }
    }
}
