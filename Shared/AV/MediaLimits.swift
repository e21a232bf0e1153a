/// What an input may be at most. Checked on the header, and again by the decoders.
public struct MediaLimits: Codable, Sendable, Hashable {
    /// Pixels of one frame.
    public var maxPixels: Int64 = 8192 * 4320
    /// Either side of a frame, in pixels.
    public var maxSide = 16_384
    /// Play time, in milliseconds.
    public var maxDurationMs: Int64 = 4 * 3600 * 1000
    /// Streams of any kind.
    public var maxStreams = 32
    /// Frames that a decoder gives.
    public var maxFrames: Int64 = 2_000_000

    /// The limits of the product.
    public init() {}
}
