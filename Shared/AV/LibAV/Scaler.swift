package import CLibAV

/// Changes the size and the pixel format of pictures (libswscale). Used from one thread at a time.
package final class Scaler {
    /// How samples between pixels are found.
    package enum Quality {
        /// From the fastest to the sharpest: bilinear, bicubic with exact rounding, Lanczos with full chroma.
        case fast, bicubic, lanczos

        fileprivate var flags: Int32 {
            switch self {
            case .fast: SWS_FAST_BILINEAR
            case .bicubic: SWS_BICUBIC | SWS_ACCURATE_RND
            case .lanczos: SWS_LANCZOS | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT
            }
        }
    }

    /// Pixels of a row that it makes.
    package let width: Int
    /// Rows that it makes.
    package let height: Int
    /// The pixel format that it makes.
    package let format: AVPixelFormat
    private let quality: Quality
    private var context: OpaquePointer?

    /// What it makes. The input may change from picture to picture.
    package init(width: Int, height: Int, format: AVPixelFormat, quality: Quality = .bicubic) {
        self.width = width
        self.height = height
        self.format = format
        self.quality = quality
    }

    deinit { sws_freeContext(context) }

    /// - Returns: a new picture with the time of the old one.
    package func scale(_ frame: Frame) throws -> Frame {
        let result = try Frame(width: width, height: height, format: format)
        try scale(frame, into: result)
        return result
    }

    /// Writes into a picture of this scaler's size and format.
    package func scale(_ frame: Frame, into result: Frame) throws {
        context = sws_getCachedContext(
            context, Int32(frame.width), Int32(frame.height), frame.pixelFormat, Int32(width), Int32(height), format,
            quality.flags, nil, nil, nil)
        guard let context else { throw MediaError(.unsupportedFormat, "pictures of this pixel format") }
        setColours(of: frame, context)
        let source = UnsafeRawPointer(frame.pointer.pointee.extended_data)
            .assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
        let height = Int32(frame.height)
        let status = withUnsafePointer(to: &frame.pointer.pointee.linesize.0) { sourceStrides in
            withUnsafePointer(to: &result.pointer.pointee.linesize.0) { strides in
                sws_scale(context, source, sourceStrides, 0, height, result.pointer.pointee.extended_data, strides)
            }
        }
        try check(status, "scaling")
        result.pointer.pointee.pts = frame.pointer.pointee.pts
    }

    /// Pictures say which matrix and range they are in; without a word, small ones are BT.601 and big ones BT.709.
    private func setColours(of frame: Frame, _ context: OpaquePointer) {
        let space = frame.pointer.pointee.colorspace
        let isUnnamed = space == AVCOL_SPC_UNSPECIFIED || space == AVCOL_SPC_RGB
        let matrix = isUnnamed ? (frame.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601) : Int32(space.rawValue)
        let isFull = frame.pointer.pointee.color_range == AVCOL_RANGE_JPEG
        let coefficients = sws_getCoefficients(matrix)
        let target = sws_getCoefficients(SWS_CS_ITU709)
        sws_setColorspaceDetails(context, coefficients, isFull ? 1 : 0, target, 0, 0, 1 << 16, 1 << 16)
    }
}
