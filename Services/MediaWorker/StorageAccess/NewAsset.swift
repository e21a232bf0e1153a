import FoundationEssentials
import Primitives

/// An asset that this worker makes. Its id is derived from the job's, so that a second try finds it.
struct NewAsset: Codable, Sendable {
    var id: UUID
    var workspaceId: UUID
    var ownerId: UUID
    var projectId: UUID?
    var filename: String
    var contentType: String
    var kind: String
    var origin = "rendered"
    var width: Int?
    var height: Int?
    var durationMs: Int64?
    /// An object.
    var metadata: JSONValue?
}

/// Another form of an asset.
struct NewRendition: Codable, Sendable {
    var workspaceId: UUID
    /// Its name below the asset; may be a path.
    var name: String
    var contentType: String
    var width: Int?
    var height: Int?
    var durationMs: Int64?
}

/// What a probe found.
struct AssetFacts: Codable, Sendable {
    var workspaceId: UUID
    var width: Int?
    var height: Int?
    var durationMs: Int64?
    var metadata: JSONValue
}
