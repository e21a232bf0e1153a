import FoundationEssentials
import Primitives
import Synchronization

@testable import MLWorkerService

/// Storage in memory.
final class MemoryAssets: AssetStore {
    private let infos = Mutex<[UUID: AssetInfo]>([:])
    private let files = Mutex<[UUID: NewAsset]>([:])

    var saved: [NewAsset] { files.withLock { Array($0.values) } }

    func add(_ info: AssetInfo) -> String {
        let id = UUID.v7()
        var info = info
        info.id = id.text
        let kept = info
        infos.withLock { $0[id] = kept }
        return id.text
    }

    func change(_ id: String, _ body: (inout AssetInfo) -> Void) {
        guard let id = UUID(uuidString: id) else { return }
        infos.withLock { infos in
            guard var info = infos[id] else { return }
            body(&info)
            infos[id] = info
        }
    }

    func asset(_ id: UUID, workspaceID: UUID) async throws -> AssetInfo? { infos.withLock { $0[id] } }

    @discardableResult
    func save(_ asset: NewAsset) async throws -> Bool {
        let isNew = files.withLock { files -> Bool? in
            if let old = files[asset.id] { return old.data == asset.data ? false : nil }
            files[asset.id] = asset
            return true
        }
        guard let isNew else { return false }
        guard isNew else { return true }
        infos.withLock {
            $0[asset.id] = AssetInfo(
                id: asset.id.text, kind: asset.kind.rawValue, filename: asset.filename, contentType: asset.contentType,
                durationMs: nil, metadata: asset.metadata)
        }
        return true
    }
}
