/// What pictures are written as. Metadata is never written.
public enum PictureFormat: String, Codable, Sendable, CaseIterable {
    case jpeg, webp, png

    /// The media type.
    public var contentType: String { "image/\(rawValue)" }
    /// What a file's name ends with.
    public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
    /// It keeps transparency.
    var hasAlpha: Bool { self != .jpeg }
}
