import Events
import FoundationEssentials
import Outbox
import Postgres

/// Takes in every event of the fleet, each once.
struct Ingest {
    /// For events that were taken in before: runs, jobs and posts are noted of those as well.
    var again = false

    var subscriptions: [Subscription] {
        [
            count(UserRegistered.self, Counting.facts), count(UserSignedIn.self, Counting.facts),
            count(SessionRevoked.self, Counting.facts), count(ProjectChanged.self, Counting.facts),
            count(RunChanged.self, Counting.facts) { try await ActivityStore.note($0.payload, at: $0.time, in: $1) },
            count(AssetCreated.self, Counting.facts), count(AssetDeleted.self, Counting.facts),
            count(RenditionCreated.self, Counting.facts), count(AssetProbed.self, Counting.facts),
            count(WorkChanged.self, Counting.facts) { try await ActivityStore.note($0.payload, at: $0.time, in: $1) },
            count(PublicationChanged.self, Counting.facts),
            count(PostMetrics.self, Counting.facts) { try await ActivityStore.note($0.payload, in: $1) },
            count(NotificationCreated.self, Counting.facts),
        ]
    }

    private func count<P: EventPayload>(
        _ type: P.Type, _ facts: @escaping @Sendable (P) -> Counting.Facts,
        then more: @escaping @Sendable (Event<P>, PostgresTransaction) async throws -> Void = { _, _ in }
    ) -> Subscription {
        Subscription.on(type) { [again] event, tx in
            let facts = facts(event.payload)
            let isNew = try await EventStore.add(
                Measurement(
                    id: event.id, at: event.time, workspaceID: facts.workspace, projectID: facts.project,
                    userID: facts.user, type: facts.type), in: tx)
            if isNew || again { try await more(event, tx) }
        }
    }
}
