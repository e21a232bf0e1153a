internal import CPango

/// A colour in sRGB.
public struct Colour: Sendable, Hashable {
    /// The parts, 0 to 1, not premultiplied.
    public let red, green, blue, alpha: Double

    /// From `0xRRGGBB`.
    public init(_ hex: UInt32, alpha: Double = 1) {
        red = Double(hex >> 16 & 255) / 255
        green = Double(hex >> 8 & 255) / 255
        blue = Double(hex & 255) / 255
        self.alpha = alpha
    }

    private init(red: Double, green: Double, blue: Double, alpha: Double) {
        (self.red, self.green, self.blue, self.alpha) = (red, green, blue, alpha)
    }

    /// The same colour, more or less transparent.
    public func opacity(_ alpha: Double) -> Colour { Colour(red: red, green: green, blue: blue, alpha: alpha) }

    /// Y, U, V of BT.709 in limited range, 8 bits.
    public var yuv: (y: Int, u: Int, v: Int) {
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        return (
            Int((16 + 219 * luma).rounded()), Int((128 + 224 * (blue - luma) / 1.8556).rounded()),
            Int((128 + 224 * (red - luma) / 1.5748).rounded())
        )
    }

    var bridged: cp_colour { cp_colour(red: red, green: green, blue: blue, alpha: alpha) }
}
