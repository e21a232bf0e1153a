internal import CVips

/// Reads what a picture is, from its header alone.
public enum ImageProbe {
    /// - Throws: ``ImageError``: `unsupportedFormat`, `damaged`, `tooLarge`.
    public static func probe(path: String, limits: ImageLimits = ImageLimits()) throws -> ImageInfo {
        var info = try header(path, limits)
        let make = field(path, "exif-ifd0-Make"), model = field(path, "exif-ifd0-Model")
        let camera = [make, model].compactMap { $0 }.joined(separator: " ")
        info.camera = camera.isEmpty ? nil : camera
        info.takenAt = field(path, "exif-ifd2-DateTimeOriginal")
        return info
    }

    static func header(_ path: String, _ limits: ImageLimits) throws -> ImageInfo {
        try Vips.start()
        var header = atelier_image_info()
        guard atelier_image_probe(path, &header) == 0 else { throw ImageError.pending("header") }
        try limits.check(width: Int(header.width), height: Int(header.height), pages: Int(header.pages))
        let format = withUnsafeBytes(of: header.format) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // Orientations from 5 on lie on their side.
        let isTurned = header.orientation >= 5
        return ImageInfo(
            format: format, width: Int(isTurned ? header.height : header.width),
            height: Int(isTurned ? header.width : header.height), pages: max(1, Int(header.pages)),
            hasAlpha: header.has_alpha != 0, orientation: Int(header.orientation))
    }

    /// libvips writes EXIF text as `value (value, ASCII, 6 components, 6 bytes)`.
    private static func field(_ path: String, _ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard atelier_image_field(path, name, &buffer, buffer.count) > 0 else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let end = text.firstRange(of: " (")?.lowerBound ?? text.endIndex
        let value = text[..<end].filter { !$0.isNewline && $0 != "\u{FFFD}" }
        let trimmed = String(value.prefix(64)).split(separator: " ").joined(separator: " ")
        return trimmed.isEmpty ? nil : trimmed
    }
}
