import FoundationEssentials
import Primitives

/// A file that belongs to a workspace.
struct Asset: Sendable {
    enum Origin: String, Codable, Sendable { case upload, generated, rendered }

    var id: UUID
    var workspaceID: UUID
    var ownerID: UUID
    var projectID: UUID?
    var filename: String
    var contentType: String
    var kind: MediaKind
    var origin: Origin
    var provider: String?
    var prompt: String?
    var size: Int64
    var sha256: Data
    var width: Int?
    var height: Int?
    var durationMs: Int64?
    var metadata: JSONValue
    var storageKey: String
    var createdAt: Date
    var updatedAt: Date

    /// The object that holds its content.
    var object: StoredObject {
        StoredObject(
            key: storageKey, size: size, sha256: sha256, contentType: contentType, filename: filename)
    }

    /// What people see of it.
    struct View: Encodable, Sendable {
        let id, workspaceId, ownerId: String
        let projectId: String?
        let filename, contentType: String
        let kind: MediaKind
        let origin: Origin
        let provider, prompt: String?
        let size: Int64
        let sha256: String
        let width, height: Int?
        let durationMs: Int64?
        let metadata: JSONValue
        let createdAt, updatedAt: Date
    }

    var view: View {
        View(
            id: id.text, workspaceId: workspaceID.text, ownerId: ownerID.text, projectId: projectID?.text,
            filename: filename, contentType: contentType, kind: kind, origin: origin, provider: provider,
            prompt: prompt, size: size, sha256: sha256.hex, width: width, height: height, durationMs: durationMs,
            metadata: metadata, createdAt: createdAt, updatedAt: updatedAt)
    }
}

/// Content as it is served.
struct StoredObject: Sendable {
    let key: String
    let size: Int64
    let sha256: Data
    let contentType: String
    let filename: String

    /// The same bytes have the same tag, for ever.
    var entityTag: String { "\"\(sha256.hex.prefix(40))\"" }
}
