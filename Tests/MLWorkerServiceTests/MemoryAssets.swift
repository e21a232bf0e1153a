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

    func save(_ asset: NewAsset) async throws {
        let isNew = files.withLock { files in
            if files[asset.id] != nil { return false }
            files[asset.id] = asset
            return true
        }
        guard isNew else { return }
        infos.withLock {
            $0[asset.id] = AssetInfo(
                id: asset.id.text, kind: asset.kind.rawValue, filename: asset.filename, contentType: asset.contentType,
                durationMs: nil, metadata: asset.metadata)
        }
    }
}
