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
    /// What an S3 store has of it; all zero with a folder.
    var bytes = Bytes()

    /// What is recorded of bytes that live in an S3 store.
    struct Bytes: Sendable {
        /// How many are durable.
        var stored: Int64 = 0
        /// The state of the SHA-256 after them.
        var hash: Data?
        /// The store's id of the multipart upload, once there is one.
        var multipart: String?
        /// The object with the last bytes, where they are not enough for a part.
        var tailKey: String?
        /// Where those begin.
        var tailFrom: Int64 = 0
    }

    var storageKey: String { ObjectKey(workspaceID: workspaceID, id: assetID).text }
}
