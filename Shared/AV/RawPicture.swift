public import FoundationEssentials

/// A picture as plain bytes: 8 bits of red, green and blue a pixel, rows without gaps, sRGB.
public struct RawPicture: Sendable, Hashable {
    public let width: Int
    public let height: Int
    /// `width × height × 3` bytes.
    public let rgb: Data

    public init(width: Int, height: Int, rgb: Data) {
        precondition(rgb.count == width * height * 3)
        self.width = width
        self.height = height
        self.rgb = rgb
    }
}
