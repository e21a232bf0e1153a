public import Execution

/// Small pictures of a picture: upright, sRGB, without metadata.
public enum Thumbnails {
    /// One file to write.
    public struct Output: Codable, Sendable, Hashable {
        /// Where it is written.
        public var path: String
        /// What it is written as.
        public var format: PictureFormat
        /// From 1 to 100.
        public var quality: Int

        /// A file to write.
        public init(path: String, format: PictureFormat, quality: Int = 80) {
            self.path = path
            self.format = format
            self.quality = quality
        }
    }

    /// Decodes once, shrinking on load, and writes every output.
    /// - Parameter maxSide: pixels of the longer side at most; never scaled up.
    /// - Returns: the size of what was written.
    /// - Throws: ``ImageError``, `CancellationError`.
    public static func make(
        of path: String, maxSide: Int, outputs: [Output], limits: ImageLimits = ImageLimits(),
        flag: CancellationFlag = CancellationFlag()
    ) throws -> (width: Int, height: Int) {
        let opened = try Picture(path: path, maxSide: maxSide, limits: limits, flag: flag)
        // A file is read from top to bottom once: more outputs need the pixels in memory.
        let picture = outputs.count > 1 ? try opened.computed() : opened
        for output in outputs { try picture.write(to: output.path, as: output.format, quality: output.quality) }
        return (picture.width, picture.height)
    }
}
