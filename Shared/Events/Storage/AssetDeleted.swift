public import FoundationEssentials
internal import Primitives

/// An asset and its renditions are gone. Key: the asset.
public struct AssetDeleted: EventPayload {
    public static let messageName = "atelier.storage.v1.AssetDeleted"
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
    /// Bytes that became free, renditions included.
    public var size: Int64

    /// An event from its fields.
    public init(assetID: UUID, workspaceID: UUID, ownerID: UUID, projectID: UUID? = nil, size: Int64) {
        self.assetID = assetID
        self.workspaceID = workspaceID
        self.ownerID = ownerID
        self.projectID = projectID
        self.size = size
    }
}
