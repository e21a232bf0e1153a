import Assets
import FoundationEssentials
import Primitives
import Synchronization

@testable import MLWorkerService

/// Storage in memory.
final class MemoryAssets: AssetStore {
    /// What an agent made.
    struct Saved: Sendable {
        let asset: NewAsset
        let data: Data
    }

    private let infos = Mutex<[UUID: StoredAsset]>([:])
    private let files = Mutex<[UUID: Saved]>([:])

    var saved: [Saved] { files.withLock { Array($0.values) } }

    func add(_ info: StoredAsset) -> String {
        infos.withLock { $0[info.id] = info }
        return info.id.text
    }

    func change(_ id: String, _ body: (inout StoredAsset) -> Void) {
        guard let id = UUID(uuidString: id) else { return }
        infos.withLock { infos in
            guard var info = infos[id] else { return }
            body(&info)
            infos[id] = info
        }
    }

    func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset? { infos.withLock { $0[id] } }

    @discardableResult
    func create(_ asset: NewAsset, of data: Data) async throws -> Bool {
        let isNew = files.withLock { files -> Bool? in
            if let old = files[asset.id] { return old.data == data ? false : nil }
            files[asset.id] = Saved(asset: asset, data: data)
            return true
        }
        guard let isNew else { return false }
        guard isNew else { return true }
        infos.withLock {
            $0[asset.id] = StoredAsset(
                id: asset.id, filename: asset.filename, contentType: asset.contentType, kind: asset.kind,
                size: Int64(data.count), metadata: asset.metadata)
        }
        return true
    }
}
