public import FoundationEssentials
internal import Primitives

/// What an asset is, as read from its bytes. Key: the asset.
public struct AssetProbed: EventPayload {
    public static let messageName = "atelier.media.v1.AssetProbed"
    public static let topics = [Topic.mediaEvents]
    public var key: String { assetID.text }

    /// The asset.
    public var assetID: UUID
    /// The workspace, which is the tenant.
    public var workspaceID: UUID
    /// image, video, audio, text or other.
    public var kind: String
    /// Pixels.
    public var width: Int?
    /// Pixels.
    public var height: Int?
    /// Milliseconds.
    public var durationMs: Int64?
    /// Frames a second.
    public var fps: Double?
    /// The codec of the pictures.
    public var videoCodec: String?
    /// The codec of the sound.
    public var audioCodec: String?
    /// Channels of the sound.
    public var audioChannels: Int?
    /// Samples a second.
    public var sampleRate: Int?
    /// A JSON object: everything else that the probe found.
    public var metadataJSON: String

    /// An event from its fields.
    public init(
        assetID: UUID, workspaceID: UUID, kind: String, width: Int? = nil, height: Int? = nil, durationMs: Int64? = nil,
        fps: Double? = nil, videoCodec: String? = nil, audioCodec: String? = nil, audioChannels: Int? = nil,
        sampleRate: Int? = nil, metadataJSON: String
    ) {
        self.assetID = assetID
        self.workspaceID = workspaceID
        self.kind = kind
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.fps = fps
        self.videoCodec = videoCodec
        self.audioCodec = audioCodec
        self.audioChannels = audioChannels
        self.sampleRate = sampleRate
        self.metadataJSON = metadataJSON
    }
}
