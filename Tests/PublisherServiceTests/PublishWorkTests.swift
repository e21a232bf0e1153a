import Events
import Foundation
import Jobs
import Postgres
import Primitives
import ServiceKit
import TestKit
import Testing

@testable import PublisherService

/// The step of a workflow: a command becomes a publication, and its end the end of the work.
@Suite(.timeLimit(.minutes(2))) struct PublishWorkTests {
    private func running(
        _ world: World, _ body: (JobStore) async throws -> Void
    ) async throws {
        try await Migrator.apply(Jobs.migrations, module: "jobs", on: world.postgres)
        let desk = WorkDesk(
            worker: .publisher, kinds: [PublishWork.kind], postgres: world.postgres,
            outbox: world.publications.outbox)
        let work = PublishWork(
            publications: world.publications, accounts: world.accounts, assets: FakeAssets(), jobs: desk.store,
            wake: {})
        let jobs = JobRunner(store: desk.store, slots: 4, handlers: [PublishWork.kind: work.perform], logger: .quiet)
        let task = Task { try await jobs.run() }
        try await world.running { try await body(desk.store) }
        await jobs.stop()
        try await task.value
    }

    private func begin(_ world: World, _ store: JobStore, _ payload: JSONValue) async throws -> UUID {
        let request = JobRequest(
            kind: PublishWork.kind, workspaceID: world.workspace, userID: world.user, runID: .v7(), stepID: "publish",
            payload: payload)
        try await world.postgres.withTransaction { _ = try await store.enqueue(request, in: $0) }
        return request.id
    }

    private func ended(_ id: UUID, _ world: World, _ store: JobStore) async throws -> Job {
        try await eventually("the end of the work", within: .seconds(30)) {
            let job = try await store.job(id, workspaceID: world.workspace)
            return job?.status.isFinal == true ? job : nil
        }
    }

    @Test func theWorkEndsWithItsPublication() async throws {
        try await World.with { world in
            let account = JSONValue.string(try await world.connect()[0].id.text)
            try await running(world) { store in
                let id = try await begin(
                    world, store, ["assetId": .string(UUID.v7().text), "accountIds": [account], "caption": "Film"])
                let job = try await ended(id, world, store)
                #expect(job.status == .succeeded)
                #expect(job.output?["status"] == "published")
                #expect(job.output?["targets"]?.arrayValue?.first?["postUrl"]?.stringValue != nil)
                let publication = try await world.publications.list(
                    workspaceID: world.workspace, projectID: nil, status: nil, limit: 10, after: nil)
                #expect(publication.map(\.runId) == [job.runID])

                world.networks[0].plan(.fails(.refused(code: "content_refused", message: "No.")))
                let second = try await begin(
                    world, store, ["assetId": .string(UUID.v7().text), "accountIds": [account]])
                let failed = try await ended(second, world, store)
                #expect(failed.status == .failed)
                #expect(failed.errorCode == "content_refused")

                let third = try await begin(
                    world, store, ["assetId": .string(UUID.v7().text), "accountIds": [.string(UUID.v7().text)]])
                #expect(try await ended(third, world, store).errorCode == "account_not_found")
            }
        }
    }

    @Test func cancelledWorkTakesAPlannedPublicationBack() async throws {
        try await World.with { world in
            let account = JSONValue.string(try await world.connect()[0].id.text)
            try await running(world) { store in
                let id = try await begin(
                    world, store,
                    [
                        "assetId": .string(UUID.v7().text), "accountIds": [account],
                        "publishAt": .string((Date() + 3600).rfc3339),
                    ])
                let list = {
                    try await world.publications.list(
                        workspaceID: world.workspace, projectID: nil, status: nil, limit: 10, after: nil)
                }
                try await eventually("the publication") { try await list().count == 1 }
                try await world.postgres.withTransaction { _ = try await store.cancel(id, in: $0) }
                #expect(try await ended(id, world, store).status == .cancelled)
                #expect(try await list().map(\.status) == [.cancelled])
            }
            #expect(world.networks[0].posts.isEmpty)
        }
    }
}
