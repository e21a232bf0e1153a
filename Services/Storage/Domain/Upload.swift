import FoundationEssentials
import Primitives

/// An upload by tus: announced, not necessarily whole.
struct Upload: Sendable {
    enum State: String, Sendable { case open, complete, gone }

    var id: UUID
    var workspaceID: UUID
    var ownerID: UUID
    var projectID: UUID?
    /// The asset that it will be.
    var assetID: UUID
    var length: Int64
    var filename: String
    /// `Upload-Metadata` as it was given.
    var metadata: String
    var state: State
    /// Where a part began whose checksum was not proved yet.
    var unprovedFrom: Int64?
    var expiresAt: Date

    var storageKey: String { "\(workspaceID.text)/\(assetID.text)" }
}
