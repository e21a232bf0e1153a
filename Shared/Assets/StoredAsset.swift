public import FoundationEssentials
public import HTTP
public import Primitives

/// An asset as storage describes it.
public struct StoredAsset: Codable, Sendable {
    /// Its id.
    public var id: UUID
    /// The name of its file.
    public var filename: String
    /// The media type.
    public var contentType: String
    /// `image`, `video`, `audio`, `text` or `other`.
    public var kind: String
    /// Bytes.
    public var size: Int64
    /// Who brought it, or asked for it.
    public var ownerId: UUID?
    /// The project that it belongs to.
    public var projectId: UUID?
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// How long it plays; absent where nobody has looked yet.
    public var durationMs: Int64?
    /// What was found in it, or how it was made: an object.
    public var metadata: JSONValue?

    /// An asset; for tests.
    public init(
        id: UUID = .v7(), filename: String, contentType: String = "application/octet-stream", kind: String,
        size: Int64 = 0, ownerId: UUID? = nil, projectId: UUID? = nil, width: Int? = nil, height: Int? = nil,
        durationMs: Int64? = nil, metadata: JSONValue? = nil
    ) {
        self.id = id
        self.filename = filename
        self.contentType = contentType
        self.kind = kind
        self.size = size
        self.ownerId = ownerId
        self.projectId = projectId
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.metadata = metadata
    }
}

/// The bytes of an asset, at the reader's pace.
public struct AssetContent: Sendable {
    /// To be read once.
    public let body: HTTPBody
    /// Bytes.
    public let size: Int64
    /// The media type.
    public let contentType: String

    /// Some content.
    public init(body: HTTPBody, size: Int64, contentType: String) {
        self.body = body
        self.size = size
        self.contentType = contentType
    }
}
