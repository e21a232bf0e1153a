/// Paints captions and lower thirds for pictures of one size.
public struct CaptionPainter {
    private let look: Look
    private let width, height: Int
    private let unit: Double

    /// Paints for pictures of this size in pixels.
    public init(look: Look, width: Int, height: Int) {
        self.look = look
        self.width = width
        self.height = height
        unit = Look.unit(width: width, height: height)
    }

    /// Columns of the widest caption line in this shape of picture.
    public var columns: Int {
        if width > height * 5 / 4 { return look.captionColumns.landscape }
        return width * 5 / 4 < height ? look.captionColumns.portrait : look.captionColumns.square
    }

    /// A caption on its plate: the lines as given, smaller where a line would leave the margins.
    public func caption(_ text: String) throws(TitlesError) -> Painted {
        let room = Double(width) * (1 - 2 * look.sideMargin) - 2 * look.platePadding.x * unit
        var style = look.caption.scaled(height > width ? unit * look.portraitCaption : unit)
        var layout = try TextLayout(text, style)
        if layout.width > room {
            style = style.scaled(max(0.6, room / layout.width))
            layout = try TextLayout(text, style, wrap: room)
        }
        let padding = (x: look.platePadding.x * unit, y: look.platePadding.y * unit)
        let plate = (width: layout.width + 2 * padding.x, height: layout.height + 2 * padding.y)
        let halo = 18 * unit
        let canvas = try Canvas(
            width: Painted.even(plate.width + 2 * halo), height: Painted.even(plate.height + 2 * halo))
        let left = (Double(canvas.width) - plate.width) / 2
        // A halo softens the plate's edge over bright pictures.
        canvas.fill(
            x: left, y: halo, width: plate.width, height: plate.height, radius: look.plateRadius * unit,
            look.ink.opacity(0.35))
        canvas.blur(halo / 3)
        canvas.fill(
            x: left, y: halo, width: plate.width, height: plate.height, radius: look.plateRadius * unit,
            look.ink.opacity(look.plateOpacity))
        try place(layout, on: canvas, y: halo + padding.y)
        let bottom = height > width ? look.captionBottomPortrait : look.captionBottom
        let y = Double(height) * (1 - bottom) - plate.height - halo
        return Painted(canvas: canvas, x: (width - canvas.width) / 2 & ~1, y: Int(y) & ~1)
    }

    /// A layout without wrap keeps its lines centred on one another; its own left edge is 0.
    private func place(_ layout: TextLayout, on canvas: Canvas, y: Double) throws(TitlesError) {
        canvas.draw(layout, x: (Double(canvas.width) - layout.width) / 2, y: y, look.paper)
    }

    /// A lower third: an accent bar, a name, a line below.
    public func lowerThird(title: String, subtitle: String?) throws(TitlesError) -> Painted {
        let wrap = Double(width) * 0.6
        let name = try TextLayout.fitting(title, look.lowerTitle.scaled(unit), wrap: wrap, lines: 1)
        let line: TextLayout? =
            if let subtitle {
                try TextLayout.fitting(subtitle, look.lowerSubtitle.scaled(unit), wrap: wrap, lines: 1)
            } else { nil }
        let padding = (x: 30 * unit, y: 18 * unit)
        let bar = 8 * unit
        let gap = 6 * unit
        let inner = max(name.width, line?.width ?? 0)
        let size = (
            width: bar + inner + 2 * padding.x,
            height: name.height + (line.map { $0.height + gap } ?? 0) + 2 * padding.y
        )
        let canvas = try Canvas(width: Painted.even(size.width), height: Painted.even(size.height))
        canvas.fill(x: 0, y: 0, width: size.width, height: size.height, radius: 6 * unit, look.ink.opacity(0.72))
        canvas.fill(x: 0, y: 0, width: bar, height: size.height, look.accent)
        canvas.draw(name, x: bar + padding.x, y: padding.y, look.paper)
        if let line { canvas.draw(line, x: bar + padding.x, y: padding.y + name.height + gap, look.paper.opacity(0.8)) }
        // Above the captions' place, so that the two never meet.
        let y = Double(height) * (height > width ? 0.62 : 0.74) - size.height
        return Painted(canvas: canvas, x: Int(Double(width) * look.sideMargin) & ~1, y: Int(y) & ~1)
    }
}
