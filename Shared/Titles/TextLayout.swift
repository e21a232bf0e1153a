internal import CPango

/// Words set in lines, ready to be drawn. For one thread at a time.
public final class TextLayout {
    /// Size of the lines in pixels.
    public let width, height: Double
    /// How many lines the words took.
    public let lines: Int
    /// How many characters no installed font has.
    public let unknownCharacters: Int
    /// The width in which the lines stand, where they wrap.
    let wrap: Double?
    let handle: OpaquePointer

    /// Sets a text.
    /// - Parameter wrap: width at which lines wrap, in pixels; `nil` for never.
    public init(_ text: String, _ style: TextStyle, wrap: Double? = nil) throws(TitlesError) {
        let alignment: cp_alignment =
            switch style.alignment {
            case .left: cp_left
            case .centre: cp_centre
            case .right: cp_right
            }
        // A NUL would end the text early.
        let clean = text.filter { $0 != "\0" }
        let created = style.family.withCString { family in
            var bridged = cp_style(
                family: family, size: style.size, weight: Int32(style.weight), italic: style.italic ? 1 : 0,
                spacing: style.spacing, line_height: style.lineHeight, alignment: alignment, width: wrap ?? 0)
            return cp_text_create(clean, &bridged)
        }
        guard let created else { throw TitlesError.outOfMemory }
        handle = created
        self.wrap = wrap
        var size = (width: 0.0, height: 0.0, lines: Int32(0), baseline: 0.0)
        cp_text_size(handle, &size.width, &size.height, &size.lines, &size.baseline)
        width = size.width
        height = size.height
        lines = Int(size.lines)
        unknownCharacters = Int(cp_text_unknown(handle))
    }

    deinit { cp_text_destroy(handle) }

    /// The largest size, down from the style's own, at which a text has at most `lines` lines.
    public static func fitting(_ text: String, _ style: TextStyle, wrap: Double, lines: Int) throws(TitlesError)
        -> TextLayout
    {
        var factor = 1.0
        var layout = try TextLayout(text, style, wrap: wrap)
        while layout.lines > lines, factor > 0.4 {
            factor -= 0.06
            layout = try TextLayout(text, style.scaled(factor), wrap: wrap)
        }
        return layout.lines > 1 ? try balanced(text, style.scaled(factor), wrap: wrap, lines: layout.lines) : layout
    }

    /// Lines of about equal length: the narrowest wrap that needs no further line.
    private static func balanced(_ text: String, _ style: TextStyle, wrap: Double, lines: Int) throws(TitlesError)
        -> TextLayout
    {
        var narrow = wrap / Double(lines) * 0.9
        var wide = wrap
        for _ in 0..<6 {
            let middle = (narrow + wide) / 2
            if try TextLayout(text, style, wrap: middle).lines > lines { narrow = middle } else { wide = middle }
        }
        return try TextLayout(text, style, wrap: wide)
    }
}
