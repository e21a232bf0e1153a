/// The usual shapes of a film.
public enum Aspect: String, Codable, Sendable, CaseIterable {
    /// 1920 × 1080.
    case landscape = "16:9"
    /// 1080 × 1920.
    case portrait = "9:16"
    /// 1080 × 1080.
    case square = "1:1"

    /// Width in pixels.
    public var width: Int { self == .landscape ? 1920 : 1080 }
    /// Height in pixels.
    public var height: Int { self == .portrait ? 1920 : 1080 }
}
