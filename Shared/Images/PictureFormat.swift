/// What pictures are written as. Metadata is never written.
public enum PictureFormat: String, Codable, Sendable, CaseIterable {
    /// `jpeg` has no transparency; `webp` is written with loss; `png` without, whatever the quality.
    case jpeg, webp, png

    /// The media type.
    public var contentType: String { "image/\(rawValue)" }
    /// What a file's name ends with.
    public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
    /// It keeps transparency.
    var hasAlpha: Bool { self != .jpeg }
}
