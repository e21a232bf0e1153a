public import FoundationEssentials
internal import Primitives

/// An asset is complete and can be read. Key: the asset.
public struct AssetCreated: EventPayload {
    public static let messageName = "atelier.storage.v1.AssetCreated"
    public static let topics = [Topic.storageEvents]
    public var key: String { assetID.text }

    /// The asset.
    public var assetID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The person who owns it.
    public var ownerID: UUID
    /// The project it belongs to.
    public var projectID: UUID?
    /// The name of the file as given.
    public var filename: String
    /// The media type.
    public var contentType: String
    /// Bytes.
    public var size: Int64
    /// 64 hexadecimal digits.
    public var sha256: String
    /// image, video, audio, text or other.
    public var kind: String
    /// upload, generated or rendered.
    public var origin: String

    /// An event from its fields.
    public init(
        assetID: UUID, workspaceID: UUID, ownerID: UUID, projectID: UUID? = nil, filename: String, contentType: String,
        size: Int64, sha256: String, kind: String, origin: String
    ) {
        self.assetID = assetID
        self.workspaceID = workspaceID
        self.ownerID = ownerID
        self.projectID = projectID
        self.filename = filename
        self.contentType = contentType
        self.size = size
        self.sha256 = sha256
        self.kind = kind
        self.origin = origin
    }
}
