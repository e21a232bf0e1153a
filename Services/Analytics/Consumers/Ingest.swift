import Events
import FoundationEssentials
import Outbox
import Postgres

/// Takes in every event of the fleet, each once.
enum Ingest {
    static let subscriptions = subscriptions(again: false)

    /// - Parameter again: for events that were taken in before: runs, jobs and posts are noted of those as well.
    static func subscriptions(again: Bool) -> [Subscription] {
        [
            count(UserRegistered.self, Counting.facts, again), count(UserSignedIn.self, Counting.facts, again),
            count(SessionRevoked.self, Counting.facts, again), count(ProjectChanged.self, Counting.facts, again),
            count(RunChanged.self, Counting.facts, again) {
                try await ActivityStore.note($0.payload, at: $0.time, in: $1)
            },
            count(AssetCreated.self, Counting.facts, again), count(AssetDeleted.self, Counting.facts, again),
            count(RenditionCreated.self, Counting.facts, again), count(AssetProbed.self, Counting.facts, again),
            count(WorkChanged.self, Counting.facts, again) {
                try await ActivityStore.note($0.payload, at: $0.time, in: $1)
            },
            count(PublicationChanged.self, Counting.facts, again),
            count(PostMetrics.self, Counting.facts, again) { try await ActivityStore.note($0.payload, in: $1) },
            count(NotificationCreated.self, Counting.facts, again),
        ]
    }

    private static func count<P: EventPayload>(
        _ type: P.Type, _ facts: @escaping @Sendable (P) -> Counting.Facts, _ again: Bool,
        then more: @escaping @Sendable (Event<P>, PostgresTransaction) async throws -> Void = { _, _ in }
    ) -> Subscription {
        Subscription.on(type) { event, tx in
            let facts = facts(event.payload)
            let isNew = try await EventStore.add(
                Measurement(
                    id: event.id, at: event.time, workspaceID: facts.workspace, projectID: facts.project,
                    userID: facts.user, type: facts.type), in: tx)
            if isNew || again { try await more(event, tx) }
        }
    }
}
