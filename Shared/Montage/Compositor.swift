internal import CMontage
internal import Film
internal import Titles

/// Makes the picture of each moment: scenes, transitions, lower thirds, captions, the dusk at both ends.
final class Compositor {
    private let timeline: Timeline
    private let look: Look
    private let cast: SceneCast
    private let second: Picture
    private let dusk: (y: Int, u: Int, v: Int)
    private var captions: Captions
    private var index = 0
    private var current: (any SceneShow)?
    private var previous: (any SceneShow)?
    private var lowerThird: Overlay?

    init(_ timeline: Timeline, cast: SceneCast, look: Look) throws {
        self.timeline = timeline
        self.cast = cast
        self.look = look
        second = try Picture(width: timeline.width, height: timeline.height)
        dusk = look.dusk.yuv
        captions = Captions(timeline, look: look)
    }

    /// Draws a moment of the film, in milliseconds. Times must rise.
    func draw(at time: Double, into picture: Picture) throws {
        try advance(to: time)
        let scene = timeline.scenes[index]
        let local = time - Double(scene.startMs)
        if let transition = scene.transition, let previous, local < Double(transition.durationMs) {
            let before = timeline.scenes[index - 1]
            try previous.draw(at: time - Double(before.startMs), into: picture)
            try current?.draw(at: local, into: second)
            // The middle of the frame's time, so that neither end of a transition is lost.
            let part = min(1, (local + 500 / Double(timeline.fps)) / Double(transition.durationMs))
            mix(picture, second, transition.kind, part)
        } else {
            previous = nil
            try current?.draw(at: local, into: picture)
        }
        drawLowerThird(at: local, on: picture)
        try captions.draw(at: time, on: picture)
        drawDusk(at: time, on: picture)
    }

    private func advance(to time: Double) throws {
        while current == nil || (index + 1 < timeline.scenes.count && Double(timeline.scenes[index].endMs) <= time) {
            if current != nil {
                index += 1
                previous = current
            }
            current = try cast.show(of: index)
            lowerThird = try timeline.scenes[index].lowerThird.map {
                try Overlay(
                    CaptionPainter(look: look, width: timeline.width, height: timeline.height)
                        .lowerThird(title: $0.title, subtitle: $0.subtitle))
            }
        }
    }

    private func mix(_ picture: Picture, _ next: Picture, _ kind: Transition.Kind, _ part: Double) {
        let weight = Int32((256 * Ease.inOut(part)).rounded())
        switch kind {
        case .dissolve:
            cm_blend(picture.raw, picture.raw, next.raw, weight)
        case .fade:
            // Never wholly dusk: the pictures change places under it.
            cm_blend(picture.raw, picture.raw, next.raw, weight)
            tint(picture, look.duskDepth * 4 * part * (1 - part))
        case .wipe:
            let soft = look.wipeSoftness
            let weights = (0..<picture.width).map { column -> UInt16 in
                let edge = Ease.inOut(part) * (1 + soft)
                return UInt16(256 * Ease.inOut((edge - Double(column) / Double(picture.width)) / soft))
            }
            cm_wipe(picture.raw, picture.raw, next.raw, weights)
        }
    }

    private func drawLowerThird(at local: Double, on picture: Picture) {
        guard let lowerThird else { return }
        let x = local - Double(look.lowerThird.fromMs)
        let fade = Double(look.lowerThird.fadeMs)
        let leaves = (Double(look.lowerThird.forMs) - x) / fade
        guard x > 0, leaves > 0 else { return }
        lowerThird.draw(on: picture, opacity: Ease.inOut(min(x / fade, leaves)), reveal: Ease.out(x / fade / 1.6))
    }

    private func drawDusk(at time: Double, on picture: Picture) {
        let opening = 1 - Ease.inOut(time / Double(look.openingMs))
        let left = Double(timeline.durationMs) - time
        let closing = 1 - Ease.inOut(left / Double(min(look.closingMs, timeline.durationMs / 4)))
        let weight = max(opening * look.openingDepth, closing * look.duskDepth)
        if weight > 0 { tint(picture, weight) }
    }

    private func tint(_ picture: Picture, _ weight: Double) {
        cm_tint(picture.raw, Int32(dusk.y), Int32(dusk.u), Int32(dusk.v), Int32((256 * weight).rounded()))
    }
}
