/// What a picture is, by its header.
public struct ImageInfo: Codable, Sendable, Hashable {
    /// `jpeg`, `png`, `webp`, `gif`, `tiff` or `heif`.
    public var format: String
    /// Pixels as it is seen, after the EXIF orientation.
    public var width: Int
    /// Pixels as it is seen.
    public var height: Int
    /// Pictures of an animation, pages of a document.
    public var pages: Int
    /// It has transparency.
    public var hasAlpha: Bool
    /// The EXIF orientation as stored, from 1 (upright) to 8.
    public var orientation: Int
    /// What the camera calls itself, where it says so. Places are never read.
    public var camera: String?
    /// When it was taken, as the camera wrote it: `2024:05:01 12:00:00`.
    public var takenAt: String?

    /// What a header tells.
    public init(format: String, width: Int, height: Int, pages: Int, hasAlpha: Bool, orientation: Int) {
        self.format = format
        self.width = width
        self.height = height
        self.pages = pages
        self.hasAlpha = hasAlpha
        self.orientation = orientation
    }
}
