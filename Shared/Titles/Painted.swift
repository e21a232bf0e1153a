/// A painted part of a picture, and where it belongs.
public struct Painted {
    /// The pixels; width and height are even.
    public let canvas: Canvas
    /// Where its upper left corner stands in the picture, in pixels; even.
    public let x, y: Int

    /// Places a canvas of even size at an even place.
    public init(canvas: Canvas, x: Int, y: Int) {
        self.canvas = canvas
        self.x = x
        self.y = y
    }

    static func even(_ value: Double) -> Int { (Int(value.rounded(.up)) + 1) & ~1 }
}
