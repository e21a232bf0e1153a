public import FoundationEssentials
internal import Primitives

/// Another form of an asset can be read. Key: the asset.
public struct RenditionCreated: EventPayload {
    public static let messageName = "atelier.storage.v1.RenditionCreated"
    public static let topics = [Topic.storageEvents]
    public var key: String { assetID.text }

    /// The asset.
    public var assetID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// The name of the rendition.
    public var name: String
    /// The media type.
    public var contentType: String
    /// Bytes.
    public var size: Int64
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// Milliseconds.
    public var durationMs: Int64?

    /// An event from its fields.
    public init(
        assetID: UUID, workspaceID: UUID, name: String, contentType: String, size: Int64, width: Int? = nil,
        height: Int? = nil, durationMs: Int64? = nil
    ) {
        self.assetID = assetID
        self.workspaceID = workspaceID
        self.name = name
        self.contentType = contentType
        self.size = size
        self.width = width
        self.height = height
        self.durationMs = durationMs
    }
}
