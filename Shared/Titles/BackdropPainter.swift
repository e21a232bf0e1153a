internal import Primitives

/// Paints what stands behind a card: layers of a blurred picture, light, shade and out-of-focus discs.
///
/// Two layers that move against one another make the light seem alive. Both are small; the renderer enlarges them with
/// a smooth filter and noise, so that they show neither steps nor bands.
public struct BackdropPainter {
    /// The two layers, opaque.
    public struct Layers {
        /// The layer in front, little blurred, and the one behind it, blurred much.
        public let near, far: Canvas
    }

    private let look: Look

    /// - Parameter look: whose ink, shade and glow it paints with.
    public init(look: Look) { self.look = look }

    /// Paints the layers.
    /// - Parameters:
    ///   - picture: a picture of the film in the same shape; `nil` where it has none.
    ///   - seed: chooses where light and discs stand; the same seed, the same backdrop.
    public func layers(picture: Canvas?, width: Int, height: Int, seed: UInt64) throws(TitlesError) -> Layers {
        Layers(
            near: try layer(picture, width, height, seed: seed, blur: 0.012, isNear: true),
            far: try layer(picture, width, height, seed: seed ^ 0x5DEE_CE66, blur: 0.05, isNear: false))
    }

    private func layer(_ picture: Canvas?, _ width: Int, _ height: Int, seed: UInt64, blur: Double, isNear: Bool)
        throws(TitlesError) -> Canvas
    {
        let canvas = try Canvas(width: width, height: height)
        let w = Double(width)
        let h = Double(height)
        var random = SeededRandom(seed: seed)
        // Ground: from the cool shade to the dark, slanted.
        canvas.fill(from: (0, 0), to: (w * 0.7, h), [(0, look.shade), (1, look.ink)])
        if let picture {
            canvas.draw(picture, x: 0, y: 0, width: w, height: h, opacity: 1)
            canvas.blur(w * blur, opaque: true)
        } else {
            clouds(canvas, w, h, &random)
        }
        // Evening out, so that words are readable over any picture: dark over the whole, darker at the rim.
        canvas.fill(
            from: (0, 0), to: (0, h),
            [(0, look.ink.opacity(0.18)), (0.5, look.ink.opacity(0.3)), (1, look.ink.opacity(0.58))])
        canvas.mode = .softLight
        canvas.fill(from: (0, h), to: (w, 0), [(0, look.shade.opacity(0.7)), (1, look.glow.opacity(0.75))])
        canvas.mode = .screen
        let light = (x: w * random.next(0.66, 0.86), y: h * random.next(0.02, 0.2))
        canvas.fill(
            centre: light, radius: max(w, h) * 0.62, squeeze: 0.7,
            [(0, look.glow.opacity(0.34)), (0.4, look.glow.opacity(0.11)), (1, look.glow.opacity(0))])
        if isNear { discs(canvas, w, h, &random) }
        canvas.mode = .over
        // A shade where the words stand: paper on paper-bright clouds would not be read.
        canvas.fill(
            centre: (w / 2, h * 0.45), radius: w * 0.5, squeeze: 0.5,
            [(0, look.ink.opacity(0.34)), (0.5, look.ink.opacity(0.26)), (1, look.ink.opacity(0))])
        canvas.fill(
            centre: (w / 2, h * 0.46), radius: max(w, h) * 0.72, squeeze: w > h ? 0.8 : 1,
            [(0, look.ink.opacity(0)), (0.55, look.ink.opacity(0.06)), (1, look.ink.opacity(0.62))])
        return canvas
    }

    /// Out-of-focus points of light, few and faint, away from the words.
    private func discs(_ canvas: Canvas, _ w: Double, _ h: Double, _ random: inout SeededRandom) {
        for index in 0..<11 {
            let isAbove = index.isMultiple(of: 2)
            let x = w * random.next(0.02, 0.98)
            let y = h * (isAbove ? random.next(-0.02, 0.2) : random.next(0.74, 1.02))
            let radius = w * random.next(0.012, 0.05)
            let strength = random.next(0.05, 0.16)
            canvas.fill(
                centre: (x, y), radius: radius,
                [
                    (0, look.glow.opacity(strength * 0.75)), (0.86, look.glow.opacity(strength)),
                    (0.95, look.glow.opacity(strength * 0.5)), (1, look.glow.opacity(0)),
                ])
        }
    }

    /// A ground without a picture: large soft masses of light and shade.
    private func clouds(_ canvas: Canvas, _ w: Double, _ h: Double, _ random: inout SeededRandom) {
        for index in 0..<9 {
            let colour = index.isMultiple(of: 3) ? look.accent : index.isMultiple(of: 2) ? look.glow : look.shade
            canvas.mode = index.isMultiple(of: 2) ? .screen : .over
            let centre = (x: w * random.next(0, 1), y: h * random.next(0, 1))
            canvas.fill(
                centre: centre, radius: w * random.next(0.25, 0.6), squeeze: random.next(0.4, 0.9),
                [(0, colour.opacity(random.next(0.3, 0.6))), (1, colour.opacity(0))])
        }
        canvas.mode = .over
    }
}

extension SeededRandom {
    /// The next number of a range.
    fileprivate mutating func next(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(next() >> 11) / Double(1 << 53)
    }
}
