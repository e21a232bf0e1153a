internal import AV
internal import CMontage
internal import Titles

/// A designed card: two layers of backdrop that drift against one another, words that come in part by part.
final class CardShow: SceneShow {
    private let near, far: Picture
    private let other: Picture
    private let lens: Lens
    private let look: Look
    private let shape: Double
    private let unit: Double
    private let words, rule: Overlay
    private let kicker: Overlay?
    private let lengthMs: Double

    /// - Parameters:
    ///   - backdrop: a picture of the film to make the backdrop of.
    ///   - seed: where light and discs stand.
    init(
        text: String, kicker line: String?, arrangement: CardPainter.Arrangement, backdrop: Picture?, seed: UInt64,
        lens: Lens, width: Int, height: Int, lengthMs: Int, look: Look
    ) throws {
        self.lens = lens
        self.look = look
        self.lengthMs = Double(lengthMs)
        shape = Double(width) / Double(height)
        unit = Look.unit(width: width, height: height)
        let small = (width: width / 4 & ~1, height: height / 4 & ~1)
        var canvas: Canvas?
        if let backdrop {
            let reduced = try Picture(width: small.width, height: small.height)
            let window = Window.cover(backdrop.width, backdrop.height, shape: shape)
            try Lens(width: small.width, height: small.height).draw(backdrop, window, into: reduced, .mitchell)
            canvas = try reduced.canvas()
        }
        let layers = try BackdropPainter(look: look).layers(
            picture: canvas, width: small.width, height: small.height, seed: seed)
        near = try Picture(layers.near)
        far = try Picture(layers.far)
        other = try Picture(width: width, height: height)
        let parts = try CardPainter(look: look, width: width, height: height).parts(
            text, kicker: line, arrangement: arrangement)
        words = try Overlay(parts.words)
        rule = try Overlay(parts.rule)
        kicker = try parts.kicker.map { try Overlay($0) }
    }

    func draw(at time: Double, into picture: Picture) {
        let part = min(1, time / lengthMs)
        let zoom = look.cardZoom
        let nearWindow = Window.cover(
            near.width, near.height, shape: shape, focus: (0.5 + 0.03 * (part - 0.5), 0.5),
            zoom: 1.03 + zoom * part)
        let farWindow = Window.cover(
            far.width, far.height, shape: shape, focus: (0.5 - 0.12 * (part - 0.5), 0.5 + 0.06 * (part - 0.5)),
            zoom: 1.03 + zoom * 1.6 * (1 - part))
        lens.draw(near, nearWindow, into: picture, .spline)
        lens.draw(far, farWindow, into: other, .spline)
        // The light breathes: the layers' shares change slowly.
        cm_blend(picture.raw, picture.raw, other.raw, Int32(104 + 48 * Ease.inOut(part)))
        enter(words, at: time, from: look.cardEntrances.title, on: picture)
        let drawn = Ease.out((time - Double(look.cardEntrances.rule)) / Double(look.cardEntranceMs))
        rule.draw(on: picture, opacity: min(1, drawn * 2), reveal: drawn)
        if let kicker { enter(kicker, at: time, from: look.cardEntrances.kicker, on: picture) }
    }

    private func enter(_ part: Overlay, at time: Double, from start: Int, on picture: Picture) {
        let x = (time - Double(start)) / Double(look.cardEntranceMs)
        part.draw(on: picture, rise: look.rise * unit * (1 - Ease.out(x)), opacity: Ease.inOut(x))
    }
}
