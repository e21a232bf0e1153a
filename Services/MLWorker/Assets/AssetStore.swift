import Assets
import FoundationEssentials
import Jobs
import Primitives

/// Where agents find assets and put what they made: storage, behind a face that tests can play.
protocol AssetStore: Sendable {
    /// An asset of a workspace; `nil` where there is none, or it belongs to another.
    func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset?

    /// Makes an asset of bytes. One that is there already with this id is left as it is.
    /// - Returns: false where the one that is there has another content: another try of the same work was faster.
    @discardableResult
    func create(_ asset: NewAsset, of data: Data) async throws -> Bool
}

extension AssetClient: AssetStore {}

extension AssetStore {
    /// The photographs and videos among some assets, in order.
    /// - Parameter patience: how long to wait for a video that was just uploaded to be looked into.
    /// - Throws: `JobFailure`: `asset_not_found`, or `asset_not_analysed` for a video that nobody has looked into yet.
    func media(_ ids: [String], workspaceID: UUID, patience: Duration = .zero) async throws -> [MediaItem] {
        let deadline = ContinuousClock.now + patience
        var items: [MediaItem] = []
        for text in ids {
            guard let id = UUID(uuidString: text), var info = try await asset(id, workspaceID: workspaceID) else {
                throw JobFailure("asset_not_found", "There is no asset \(text).", retriable: false)
            }
            while info.isUnprobed, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(500))
                guard let again = try await asset(id, workspaceID: workspaceID) else { break }
                info = again
            }
            if info.isUnprobed {
                throw JobFailure(
                    "asset_not_analysed", "The video \(info.filename) has not been looked into yet.", retriable: true,
                    retryAfter: .seconds(2))
            }
            if let item = info.mediaItem { items.append(item) }
        }
        return items
    }

    /// What an earlier try made and answered; `nil` where there is nothing.
    func made<Output: Decodable>(_ id: UUID, workspaceID: UUID, as type: Output.Type) async throws -> Output? {
        guard let output = try await asset(id, workspaceID: workspaceID)?.metadata?["agentOutput"] else { return nil }
        return try? output.decode(type)
    }
}
