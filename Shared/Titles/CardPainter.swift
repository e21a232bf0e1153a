/// Paints the words of a card, part by part, so that each can move on its own.
public struct CardPainter {
    /// How a card is arranged: a title and closing words centred, a statement on the left.
    public enum Arrangement: Sendable { case title, statement, closing }

    /// The parts of a card; each stands where it belongs once the card is at rest.
    public struct Parts {
        /// The large words.
        public let words: Painted
        /// The rule, revealed from the left or the middle.
        public let rule: Painted
        /// The small line.
        public let kicker: Painted?
    }

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

    /// Paints the words.
    public func parts(_ text: String, kicker: String?, arrangement: Arrangement) throws(TitlesError) -> Parts {
        let isLeft = arrangement == .statement
        let style =
            switch arrangement {
            case .title: look.title
            case .statement: look.statement
            case .closing: look.closing
            }
        let room = Double(width) * (1 - 2 * look.sideMargin)
        let wrap = isLeft && width > height ? room * 0.78 : room
        let words = try TextLayout.fitting(
            text, style.scaled(unit), wrap: wrap, lines: width > height ? 2 : 4)
        let small: TextLayout? =
            if let kicker {
                try TextLayout.fitting(
                    kicker.uppercased(), kickerStyle(isLeft), wrap: wrap, lines: 2)
            } else { nil }
        let gap = (rule: 46 * unit, kicker: 38 * unit)
        let rule = (width: look.rule.width * unit, height: look.rule.height * unit)
        let total = words.height + gap.rule + rule.height + (small.map { $0.height + gap.kicker } ?? 0)
        // A little above the middle: the optical centre, and away from the captions.
        var y = Double(height) * 0.465 - total / 2
        let wordsPart = try painted(words, wrap: wrap, isLeft: isLeft, y: y, look.paper)
        y += words.height + gap.rule
        let left = isLeft ? Double(width) * look.sideMargin : (Double(width) - rule.width) / 2
        let bar = try Canvas(width: Painted.even(rule.width), height: Painted.even(rule.height))
        bar.fill(x: 0, y: 0, width: rule.width, height: rule.height, radius: rule.height / 2, look.accent)
        let rulePart = Painted(canvas: bar, x: Int(left) & ~1, y: Int(y) & ~1)
        y += rule.height + gap.kicker
        let kickerPart: Painted? =
            if let small {
                try painted(small, wrap: wrap, isLeft: isLeft, y: y, look.paper.opacity(0.86))
            } else { nil }
        return Parts(words: wordsPart, rule: rulePart, kicker: kickerPart)
    }

    private func kickerStyle(_ isLeft: Bool) -> TextStyle {
        var style = look.kicker.scaled(unit)
        if isLeft { style.alignment = .left }
        return style
    }

    /// Words with a shadow, on a canvas with room for it.
    private func painted(_ layout: TextLayout, wrap: Double, isLeft: Bool, y: Double, _ colour: Colour)
        throws(TitlesError) -> Painted
    {
        let halo = 48 * unit
        let canvas = try Canvas(
            width: Painted.even(wrap + 2 * halo), height: Painted.even(layout.height + 2 * halo))
        // Balanced lines stand in a narrower column of their own.
        let indent = isLeft ? 0 : (wrap - (layout.wrap ?? wrap)) / 2
        try canvas.draw(layout, x: halo + indent, y: halo, colour, shadow: look.ink.opacity(0.7), blur: 14 * unit)
        let left = isLeft ? Double(width) * look.sideMargin : (Double(width) - wrap) / 2
        return Painted(canvas: canvas, x: Int(left - halo) & ~1, y: Int(y - halo) & ~1)
    }
}
