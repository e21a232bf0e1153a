/// How words are set.
public struct TextStyle: Sendable, Hashable {
    /// Where lines stand in their width.
    public enum Alignment: Sendable { case left, centre, right }

    /// Font family; what it lacks is filled in from Noto.
    public var family: String
    /// Size of the em in pixels.
    public var size: Double
    /// 100 to 900.
    public var weight: Int
    /// Whether the family's italic is taken.
    public var italic = false
    /// Space between letters, in em.
    public var spacing = 0.0
    /// Distance of lines, as a factor of the font's own.
    public var lineHeight = 1.0
    /// Where lines stand.
    public var alignment = Alignment.left

    /// Regular, upright and flush left, with the font's own spacing and distance of lines, by default.
    public init(
        _ family: String, size: Double, weight: Int = 400, italic: Bool = false, spacing: Double = 0,
        lineHeight: Double = 1, alignment: Alignment = .left
    ) {
        self.family = family
        self.size = size
        self.weight = weight
        self.italic = italic
        self.spacing = spacing
        self.lineHeight = lineHeight
        self.alignment = alignment
    }

    /// The same style at another size.
    public func scaled(_ factor: Double) -> TextStyle {
        var copy = self
        copy.size *= factor
        return copy
    }
}
