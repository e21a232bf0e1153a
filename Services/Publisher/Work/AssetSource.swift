import FoundationEssentials
import HTTP

/// Where the content of publications comes from.
protocol AssetSource: Sendable {
    /// What is known of an asset; `nil` where the workspace has none of that id.
    func info(_ id: UUID, workspaceID: UUID) async throws -> AssetInfo?
    /// The content of an asset, to be read once; `nil` where the workspace has none of that id.
    func open(_ id: UUID, workspaceID: UUID) async throws -> AssetContent?
}

/// What a publication needs to know of an asset.
struct AssetInfo: Sendable, Decodable {
    let id: UUID
    let projectId: UUID?
}

/// The bytes of an asset, at the reader's pace.
struct AssetContent: Sendable {
    let body: HTTPBody
    let length: Int64
    let contentType: String
}
