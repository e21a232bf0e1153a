/// One step of a photo edit, as in `{"type": "crop", "x": 0, "y": 0, "width": 300, "height": 200}`.
public enum PhotoOperation: Sendable, Hashable {
    /// How a picture is brought into a box.
    public enum Fit: String, Codable, Sendable {
        /// Whole, as big as fits.
        case inside
        /// Filling the box, what hangs over is cut off evenly.
        case cover
        /// Filling the box, distorted.
        case fill
    }

    /// Which way a picture is mirrored.
    public enum Direction: String, Codable, Sendable { case horizontal, vertical }

    /// Keeps a part, in pixels from the upper left corner.
    case crop(x: Int, y: Int, width: Int, height: Int)
    /// Brings it to a size in pixels; one side may be left out.
    case resize(width: Int?, height: Int?, fit: Fit)
    /// Turns it clockwise, in degrees; other than by right angles it grows, with white corners.
    case rotate(degrees: Double)
    /// Mirrors it.
    case flip(direction: Direction)
    /// Stops of light, from −4 to 4; computed in linear light.
    case exposure(stops: Double)
    /// −1 … 1.
    case brightness(amount: Double)
    /// −1 (grey) … 1, about middle grey.
    case contrast(amount: Double)
    /// −1 (grey) … 1.
    case saturation(amount: Double)
    /// −1 (cold) … 1 (warm).
    case temperature(amount: Double)
    /// −1 (green) … 1 (magenta).
    case tint(amount: Double)
    /// The exponent's inverse: above 1 the middle tones are lighter; 0.2 … 5.
    case gamma(value: Double)
    /// The Gaussian's deviation in pixels, 0.3 … 100.
    case blur(radius: Double)
    /// 0 … 5.
    case sharpen(amount: Double)
    /// Takes all colour away; weighs the channels as ``saturation(amount:)`` does at −1.
    case greyscale
    /// 0 … 1.
    case sepia(strength: Double)
    /// What the corners lose, 0 … 1.
    case vignette(strength: Double)
    /// Makes a negative of it; transparency stays.
    case invert
    /// Stretches the tones so that they reach from black to white.
    case autoEnhance
}
