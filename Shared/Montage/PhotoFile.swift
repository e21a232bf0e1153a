internal import AV
internal import CLibAV
internal import FoundationEssentials
internal import Images

/// Reads a still picture, upright and in sRGB, as libvips gives it.
enum PhotoFile {
    /// More than any film needs of a photo, in pixels of its longer side: shrunk while it is read.
    static let maxSide = 4_608

    /// - Throws: ``MediaError``, by the code of `ImageError`.
    static func decode(path: String) throws -> Frame {
        do {
            let picture = try Images.Picture(path: path, maxSide: maxSide)
            let bytes = try picture.rgb()
            let frame = try Frame(width: picture.width, height: picture.height, format: AV_PIX_FMT_RGB24)
            bytes.withUnsafeBytes { source in
                for row in 0..<picture.height {
                    let from = UnsafeRawBufferPointer(
                        rebasing: source[row * picture.width * 3..<(row + 1) * picture.width * 3])
                    UnsafeMutableRawBufferPointer(start: frame.plane(0) + row * frame.stride(0), count: from.count)
                        .copyMemory(from: from)
                }
            }
            return frame
        } catch let error as ImageError {
            throw MediaError(MediaError.Code(rawValue: error.code.rawValue), error.message)
        }
    }
}
