/// One stream of a media file.
public struct StreamInfo: Codable, Sendable, Hashable {
    /// What a stream carries.
    public enum Kind: String, Codable, Sendable { case video, audio, subtitle, other }

    /// The place in the file, from 0.
    public var index: Int
    /// What it carries.
    public var kind: Kind
    /// The codec's short name: `h264`, `aac`.
    public var codec: String
    /// The codec's profile, where it has one: `High`.
    public var profile: String?
    /// Pixels as coded, before rotation.
    public var width: Int?
    /// Pixels as coded, before rotation.
    public var height: Int?
    /// Mean frames per second.
    public var fps: Double?
    /// libav's name of the pixel format: `yuv420p`.
    public var pixelFormat: String?
    /// Degrees clockwise that make it upright: 0, 90, 180, 270.
    public var rotation: Int?
    /// Samples a second.
    public var sampleRate: Int?
    /// Channels of the sound.
    public var channels: Int?
    /// Bits per second.
    public var bitRate: Int64?
    /// How long it plays, where known.
    public var durationMs: Int64?
    /// ISO 639-2 code, where the file names one.
    public var language: String?

    /// What every stream has.
    public init(index: Int, kind: Kind, codec: String) {
        self.index = index
        self.kind = kind
        self.codec = codec
    }
}
