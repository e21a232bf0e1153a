import Events
import Jobs
import Outbox
import Postgres
import Primitives

/// An asset is gone: its jobs have no use any more, and what was found of it is forgotten.
enum AssetDeletedConsumer {
    static func subscription(_ store: JobStore) -> Subscription {
        .on(AssetDeleted.self) { event, tx in
            let asset = event.payload
            for kind in WorkKind.allCases {
                try await store.cancel(
                    .derived(from: asset.assetID, kind.rawValue), workspaceID: asset.workspaceID, in: tx)
            }
            try await tx.execute(
                "DELETE FROM probe WHERE asset_id = \(asset.assetID) AND workspace_id = \(asset.workspaceID)")
        }
    }
}
