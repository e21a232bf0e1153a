import Assets
import FoundationEssentials

/// Where the content of publications comes from.
protocol AssetSource: Sendable {
    /// What is known of an asset; `nil` where the workspace has none of that id.
    func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset?
    /// The content of an asset, to be read once; `nil` where the workspace has none of that id.
    func open(_ id: UUID, workspaceID: UUID) async throws -> AssetContent?
}

extension AssetClient: AssetSource {}
