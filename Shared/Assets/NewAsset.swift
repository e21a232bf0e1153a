public import FoundationEssentials
public import Primitives

/// An asset that a worker makes. Its id is derived from the job's, so that a second try finds it.
public struct NewAsset: Encodable, Sendable {
    /// How it came to be.
    public enum Origin: String, Encodable, Sendable { case rendered, generated }

    /// Its id.
    public var id: UUID
    /// The workspace that it belongs to.
    public var workspaceId: UUID
    /// For whom it is made.
    public var ownerId: UUID
    /// The project that it belongs to.
    public var projectId: UUID?
    /// The name of its file.
    public var filename: String
    /// The media type.
    public var contentType: String
    /// `image`, `video`, `audio`, `text` or `other`.
    public var kind: String
    /// How it came to be.
    public var origin: Origin
    /// Who made it, where it was generated.
    public var provider: String?
    /// From which words it was generated.
    public var prompt: String?
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// How long it plays.
    public var durationMs: Int64?
    /// An object.
    public var metadata: JSONValue?

    /// An asset to be.
    public init(
        id: UUID, workspaceId: UUID, ownerId: UUID, projectId: UUID?, filename: String, contentType: String,
        kind: String, origin: Origin = .rendered, provider: String? = nil, prompt: String? = nil, width: Int? = nil,
        height: Int? = nil, durationMs: Int64? = nil, metadata: JSONValue? = nil
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.ownerId = ownerId
        self.projectId = projectId
        self.filename = filename
        self.contentType = contentType
        self.kind = kind
        self.origin = origin
        self.provider = provider
        self.prompt = prompt
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.metadata = metadata
    }
}

/// Another form of an asset.
public struct NewRendition: Encodable, Sendable {
    /// The asset's workspace.
    public var workspaceId: UUID
    /// Its name below the asset; may be a path.
    public var name: String
    /// The media type.
    public var contentType: String
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// How long it plays.
    public var durationMs: Int64?

    /// A rendition to be.
    public init(
        workspaceId: UUID, name: String, contentType: String, width: Int? = nil, height: Int? = nil,
        durationMs: Int64? = nil
    ) {
        self.workspaceId = workspaceId
        self.name = name
        self.contentType = contentType
        self.width = width
        self.height = height
        self.durationMs = durationMs
    }
}

/// What a probe found.
public struct AssetFacts: Encodable, Sendable {
    /// The asset's workspace.
    public var workspaceId: UUID
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// How long it plays.
    public var durationMs: Int64?
    /// An object.
    public var metadata: JSONValue

    /// What was found.
    public init(workspaceId: UUID, width: Int?, height: Int?, durationMs: Int64?, metadata: JSONValue) {
        self.workspaceId = workspaceId
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.metadata = metadata
    }
}
