internal import AV
internal import CLibAV
internal import CMontage
internal import Titles

/// A picture in BT.709, limited range, 4:2:0, 8 bits. For one thread at a time.
final class Picture {
    let raw: UnsafeMutablePointer<cm_picture>
    /// Where the planes belong to a frame of libav: it lives as long.
    private let frame: Frame?

    var width: Int { Int(raw.pointee.width) }
    var height: Int { Int(raw.pointee.height) }

    /// A black picture with memory of its own.
    init(width: Int, height: Int) throws {
        raw = .allocate(capacity: 1)
        frame = nil
        guard cm_picture_allocate(raw, Int32(width), Int32(height)) == 0 else {
            raw.deallocate()
            throw MediaError(.outOfMemory, "a picture")
        }
    }

    /// The planes of a frame in `yuv420p`.
    init(over frame: Frame) {
        self.frame = frame
        raw = .allocate(capacity: 1)
        raw.initialize(
            to: cm_picture(
                planes: (frame.plane(0), frame.plane(1), frame.plane(2)),
                strides: (Int32(frame.stride(0)), Int32(frame.stride(1)), Int32(frame.stride(2))),
                width: Int32(frame.width), height: Int32(frame.height)))
    }

    deinit {
        if frame == nil { cm_picture_release(raw) }
        raw.deallocate()
    }

    /// A copy with memory of its own.
    func copy() throws -> Picture {
        let copy = try Picture(width: width, height: height)
        copy.take(self)
        return copy
    }

    /// Copies the pixels of a picture of the same size.
    func take(_ other: Picture) { cm_picture_copy(raw, other.raw) }

    /// The pixels of an opaque canvas.
    convenience init(_ canvas: Canvas) throws {
        try self.init(width: canvas.width, height: canvas.height)
        canvas.withPixels { cm_picture_from_bgra(raw, $0, Int32($1)) }
    }

    /// The picture as a canvas, to be painted on.
    func canvas() throws -> Canvas {
        let canvas = try Canvas(width: width, height: height)
        canvas.withPixels { cm_picture_to_bgra(raw, $0, Int32($1)) }
        return canvas
    }

    /// Mean brightness, 16 (black) to 235.
    var meanLuma: Double { cm_mean_luma(raw) }

    /// Turned clockwise by 90, 180 or 270 degrees.
    func rotated(_ degrees: Int) throws -> Picture {
        let isUpright = degrees == 180
        let turned = try Picture(width: isUpright ? width : height, height: isUpright ? height : width)
        cm_rotate(turned.raw, raw, Int32(degrees))
        return turned
    }
}

/// A painted part, ready to be laid over pictures.
final class Overlay {
    private let raw: UnsafeMutablePointer<cm_overlay>
    let x, y, width, height: Int

    init(_ painted: Painted) throws {
        raw = .allocate(capacity: 1)
        x = painted.x
        y = painted.y
        width = painted.canvas.width
        height = painted.canvas.height
        let status = painted.canvas.withPixels {
            cm_overlay_allocate(raw, $0, Int32($1), Int32(painted.canvas.width), Int32(painted.canvas.height))
        }
        guard status == 0 else {
            raw.deallocate()
            throw MediaError(.outOfMemory, "an overlay")
        }
    }

    deinit {
        cm_overlay_release(raw)
        raw.deallocate()
    }

    /// Draws the part.
    /// - Parameters:
    ///   - rise: how far below its place, in pixels, any fraction.
    ///   - opacity: 0 to 1.
    ///   - reveal: how much of its width, from the left, 0 to 1.
    func draw(on picture: Picture, rise: Double = 0, opacity: Double = 1, reveal: Double = 1) {
        let columns = Int((Double(width) * reveal).rounded())
        cm_overlay_draw(
            picture.raw, raw, Int32(x), Double(y) + rise, Int32((256 * min(1, max(0, opacity))).rounded()),
            Int32(columns))
    }
}

/// Draws parts of pictures at any size and place, to fractions of a pixel.
final class Lens {
    /// How the samples between pixels are found (parameters of Mitchell and Netravali).
    enum Filter {
        /// Crisp: for clips.
        case catmullRom
        /// Even sharpness wherever the samples fall, so that slow movement does not shimmer: for photos.
        case mitchell
        /// Very soft, with noise in the last bit: for blurred backdrops, enlarged many times.
        case spline

        fileprivate var parameters: (b: Double, c: Double, dither: Int32) {
            switch self {
            case .catmullRom: (0, 0.5, 0)
            case .mitchell: (1.0 / 3, 1.0 / 3, 0)
            case .spline: (1, 0, 1)
            }
        }
    }

    private let raw: OpaquePointer

    /// Draws pictures of this size in pixels.
    init(width: Int, height: Int) throws {
        guard let raw = cm_resampler_create(Int32(width), Int32(height)) else {
            throw MediaError(.outOfMemory, "filter tables")
        }
        self.raw = raw
    }

    deinit { cm_resampler_destroy(raw) }

    /// Fills `picture` with a window of another.
    func draw(_ source: Picture, _ window: Window, into picture: Picture, _ filter: Filter) {
        let (b, c, dither) = filter.parameters
        cm_resample(
            raw, picture.raw, source.raw, window.left, window.top, window.width, window.height, b, c, dither)
    }
}
