import Events
import FoundationEssentials
import Jobs
import Outbox
import Postgres
import Primitives

/// A new asset becomes jobs: what it is, how it looks, how it is streamed.
enum AssetCreatedConsumer {
    static func subscription(_ store: JobStore) -> Subscription {
        .on(AssetCreated.self) { event, tx in
            for request in requests(for: event.payload) { try await store.enqueue(request, in: tx) }
        }
    }

    /// The jobs of an asset. Their ids are derived from the asset's: the same event again adds nothing.
    static func requests(for asset: AssetCreated) -> [JobRequest] {
        WorkKind.automatic(kind: asset.kind, origin: asset.origin).map { kind in
            JobRequest(
                id: .derived(from: asset.assetID, kind.rawValue), kind: kind.rawValue, workspaceID: asset.workspaceID,
                userID: asset.ownerID, projectID: asset.projectID, assetID: asset.assetID,
                payload: ["kind": .string(asset.kind)], priority: kind.priority)
        }
    }
}
