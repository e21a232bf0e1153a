internal import CVips
public import Execution
public import FoundationEssentials

/// A picture in the making: upright, sRGB, 8 bits. What is done to it is computed when it is written. Used from one
/// thread at a time; blocks.
public final class Picture {
    let pointer: OpaquePointer
    private let flag: CancellationFlag

    init(_ pointer: OpaquePointer, _ flag: CancellationFlag) {
        self.pointer = pointer
        self.flag = flag
    }

    deinit { atelier_image_free(pointer) }

    /// Opens a file.
    /// - Parameter maxSide: shrunk to fit into a square of this size, many times faster than afterwards; `nil` keeps it.
    /// - Throws: ``ImageError``.
    public convenience init(
        path: String, maxSide: Int? = nil, limits: ImageLimits = ImageLimits(),
        flag: CancellationFlag = CancellationFlag()
    ) throws {
        _ = try ImageProbe.header(path, limits)
        let opened =
            maxSide.map { atelier_image_thumbnail(path, Int32($0), Int32($0)) } ?? atelier_image_open(path)
        guard let opened else { throw ImageError.pending("decoding") }
        self.init(opened, flag)
    }

    /// A picture of plain bytes: red, green and blue, rows without gaps.
    public convenience init(rgb: Data, width: Int, height: Int, flag: CancellationFlag = CancellationFlag()) throws {
        precondition(rgb.count == width * height * 3)
        try Vips.start()
        let made = rgb.withUnsafeBytes { atelier_image_from_rgb($0.baseAddress, Int32(width), Int32(height)) }
        guard let made else { throw ImageError.pending("copying") }
        self.init(made, flag)
    }

    /// Pixels.
    public var width: Int { Int(atelier_image_width(pointer)) }
    /// Pixels.
    public var height: Int { Int(atelier_image_height(pointer)) }

    /// The picture in small: the longer side at most `maxSide`, never scaled up.
    public func fitted(maxSide: Int) throws -> Picture {
        let size = PhotoSize(width: width, height: height)
        guard max(size.width, size.height) > maxSide else { return self }
        let target = PhotoOperation.resize(width: maxSide, height: maxSide, fit: .inside).size(after: size)
        return try make("resize") { atelier_image_resize($0, Int32(target.width), Int32(target.height)) }
    }

    /// Computes what is pending, so that the pixels can be read more than once.
    public func computed() throws -> Picture {
        try make("decoding") { atelier_image_copy_memory($0, Self.shouldStop, context) }
    }

    /// Writes a file, without metadata.
    /// - Parameter quality: from 1 to 100, for JPEG and WebP.
    /// - Throws: ``ImageError``, `CancellationError`.
    public func write(to path: String, as format: PictureFormat, quality: Int = 82) throws {
        let source = format.hasAlpha ? self : try flattened()
        let status = atelier_image_save(
            source.pointer, path, format.rawValue, Int32(quality), Self.shouldStop, context)
        guard status == 0 else { throw fault("writing") }
    }

    /// On white, where it was transparent.
    func flattened() throws -> Picture { try make("flattening") { atelier_image_flatten($0, [255, 255, 255]) } }

    func make(_ doing: String, _ operation: (OpaquePointer) -> OpaquePointer?) throws -> Picture {
        guard let made = operation(pointer) else { throw fault(doing) }
        return Picture(made, flag)
    }

    func fault(_ doing: String) -> any Error {
        let error = ImageError.pending(doing)
        return flag.isCancelled ? CancellationError() : error
    }

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(flag).toOpaque() }

    private static let shouldStop: atelier_should_stop = { context in
        guard let context else { return 0 }
        return Unmanaged<CancellationFlag>.fromOpaque(context).takeUnretainedValue().isCancelled ? 1 : 0
    }
}
