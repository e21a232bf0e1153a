import FoundationEssentials

/// An asset as storage describes it.
struct StoredAsset: Codable, Sendable {
    let id: UUID
    let filename: String
    let contentType: String
    let kind: String
    let size: Int64
    let ownerId: UUID?
    let projectId: UUID?
    let width: Int?
    let height: Int?
    let durationMs: Int64?
}

/// A link under which an asset's bytes can be read for some minutes, with ranges and without a header.
struct AssetLink: Codable, Sendable {
    let url: String
    let filename: String
    let contentType: String
    let size: Int64
}
