public import FoundationEssentials

/// A picture as plain bytes: 8 bits of red, green and blue a pixel, rows without gaps, sRGB.
public struct RawPicture: Sendable, Hashable {
    /// Pixels.
    public let width: Int
    /// Pixels.
    public let height: Int
    /// `width × height × 3` bytes.
    public let rgb: Data

    /// A picture of bytes that fit its size.
    public init(width: Int, height: Int, rgb: Data) {
        precondition(rgb.count == width * height * 3)
        self.width = width
        self.height = height
        self.rgb = rgb
    }
}
