internal import CPango

/// Pixels to draw on: premultiplied BGRA, 8 bits, transparent at first. For one thread at a time.
public final class Canvas {
    /// How what is drawn meets what is there: Cairo's operators of these names.
    public enum Mode: Sendable { case over, screen, multiply, softLight, overlay, add }
    /// A colour at a place (0 to 1) of a gradient.
    public typealias Stop = (offset: Double, colour: Colour)

    /// Size in pixels.
    public let width, height: Int
    private let handle: OpaquePointer

    /// - Throws: ``TitlesError`` `outOfMemory`, also where a side is not from 1 to 8192 pixels.
    public init(width: Int, height: Int) throws(TitlesError) {
        guard (1...8192).contains(width), (1...8192).contains(height),
            let handle = cp_canvas_create(Int32(width), Int32(height))
        else { throw TitlesError.outOfMemory }
        self.width = width
        self.height = height
        self.handle = handle
    }

    deinit { cp_canvas_destroy(handle) }

    /// How what is drawn from now on meets what is there.
    public var mode = Mode.over {
        didSet {
            let bridged: cp_mode =
                switch mode {
                case .over: cp_over
                case .screen: cp_screen
                case .multiply: cp_multiply
                case .softLight: cp_soft_light
                case .overlay: cp_overlay
                case .add: cp_add
                }
            cp_canvas_mode(handle, bridged)
        }
    }

    /// Reads or writes the pixels: address, bytes from row to row.
    public func withPixels<T>(_ body: (UnsafeMutablePointer<UInt8>, _ stride: Int) throws -> T) rethrows -> T {
        let result = try body(cp_canvas_pixels(handle), Int(cp_canvas_stride(handle)))
        cp_canvas_touched(handle)
        return result
    }

    /// Paints a gradient along a line.
    public func fill(from: (x: Double, y: Double), to: (x: Double, y: Double), _ stops: [Stop]) {
        let bridged = stops.map { cp_stop(offset: $0.offset, colour: $0.colour.bridged) }
        cp_fill_linear(handle, from.x, from.y, to.x, to.y, bridged, Int32(bridged.count))
    }

    /// Paints a gradient from a centre outwards; `squeeze` is height to width.
    public func fill(centre: (x: Double, y: Double), radius: Double, squeeze: Double = 1, _ stops: [Stop]) {
        let bridged = stops.map { cp_stop(offset: $0.offset, colour: $0.colour.bridged) }
        cp_fill_radial(handle, centre.x, centre.y, radius, squeeze, bridged, Int32(bridged.count))
    }

    /// Fills a rectangle, its upper left corner at x, y, whose corners are round by `radius`; all in pixels.
    public func fill(x: Double, y: Double, width: Double, height: Double, radius: Double = 0, _ colour: Colour) {
        cp_fill_rounded(handle, x, y, width, height, radius, colour.bridged)
    }

    /// Draws a ring around x, y; `radius` to the middle of a line of width `line`, all in pixels.
    public func ring(x: Double, y: Double, radius: Double, line: Double, _ colour: Colour) {
        cp_stroke_circle(handle, x, y, radius, line, colour.bridged)
    }

    /// Draws another canvas, stretched to a rectangle.
    public func draw(_ other: Canvas, x: Double, y: Double, width: Double, height: Double, opacity: Double = 1) {
        cp_draw_canvas(handle, other.handle, x, y, width, height, opacity)
    }

    /// Blurs all pixels; `deviation` in pixels. On an opaque canvas the edges repeat, else what lies beyond is clear.
    public func blur(_ deviation: Double, opaque: Bool = false) { cp_blur(handle, deviation, opaque ? 1 : 0) }

    /// Draws words, their upper left corner at x, y.
    public func draw(_ text: TextLayout, x: Double, y: Double, _ colour: Colour) {
        cp_text_draw(handle, text.handle, x, y, colour.bridged)
    }

    /// Draws words over a soft shadow of their own.
    public func draw(_ text: TextLayout, x: Double, y: Double, _ colour: Colour, shadow: Colour, blur: Double)
        throws(TitlesError)
    {
        let under = try Canvas(width: width, height: height)
        under.draw(text, x: x, y: y + blur / 3, shadow)
        under.blur(blur)
        draw(under, x: 0, y: 0, width: Double(width), height: Double(height))
        draw(text, x: x, y: y, colour)
    }
}
