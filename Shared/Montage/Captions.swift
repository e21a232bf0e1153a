internal import Film
internal import Titles

/// The captions of a film over its pictures, each painted once, when it is first seen.
struct Captions {
    private let cues: [Cue]
    private let painter: CaptionPainter
    private let fadeMs: Double
    private var index = 0
    private var painted: (index: Int, overlay: Overlay)?

    init(_ timeline: Timeline, look: Look) {
        painter = CaptionPainter(look: look, width: timeline.width, height: timeline.height)
        let maker = CueMaker(breaking: LineBreaker(columns: painter.columns))
        // A card that says the words itself needs no caption of them.
        let cards = timeline.scenes.filter { $0.visual.kind == .card }
        let wanted = timeline.captions.filter { cue in
            !cards.contains {
                $0.startMs <= cue.startMs && cue.startMs < $0.endMs
                    && Self.words($0.visual.text ?? timeline.title).contains(Self.words(cue.text))
            }
        }
        cues = timeline.burnCaptions ? maker.refit(wanted) : []
        fadeMs = Double(look.captionFadeMs)
    }

    /// The letters alone, for comparing.
    private static func words(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// Draws what is said at a time of the film, in milliseconds. Times must rise.
    mutating func draw(at time: Double, on picture: Picture) throws {
        while index < cues.count, Double(cues[index].endMs) <= time { index += 1 }
        guard index < cues.count, Double(cues[index].startMs) <= time else { return }
        let cue = cues[index]
        if painted?.index != index { painted = (index, try Overlay(painter.caption(cue.text))) }
        // Captions that follow one another directly do not blink.
        let follows = index > 0 && cues[index - 1].endMs == cue.startMs
        let precedes = index + 1 < cues.count && cues[index + 1].startMs == cue.endMs
        // A fast fade, or the first frame of a caption would be missed.
        let enters = follows ? 1 : (time - Double(cue.startMs) + 34) / fadeMs
        let leaves = precedes ? 1 : (Double(cue.endMs) - time) / fadeMs
        painted?.overlay.draw(on: picture, opacity: min(1, enters, leaves))
    }
}
