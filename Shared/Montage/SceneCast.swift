internal import AV
internal import Film
internal import Titles

/// Makes the shows of scenes when their time comes.
final class SceneCast {
    private let timeline: Timeline
    private let inputs: [String: String]
    private let look: Look
    private let interrupt: Interrupt
    private let lens: Lens
    private var photos: [String: Photo] = [:]

    init(_ timeline: Timeline, inputs: [String: String], look: Look, interrupt: Interrupt) throws {
        self.timeline = timeline
        self.inputs = inputs
        self.look = look
        self.interrupt = interrupt
        lens = try Lens(width: timeline.width, height: timeline.height)
    }

    /// The show of the scene at an index.
    func show(of index: Int) throws -> any SceneShow {
        let scene = timeline.scenes[index]
        let visual = scene.visual
        let next = index + 1 < timeline.scenes.count ? timeline.scenes[index + 1].transition?.durationMs ?? 0 : 0
        let lengthMs = scene.durationMs + next
        switch (visual.kind, visual.assetId) {
        case (.photo, .some(let asset)):
            let photo = try photo(asset)
            return PhotoShow(
                photo, lens: lens, width: timeline.width, height: timeline.height, lengthMs: lengthMs, turn: index,
                look: look)
        case (.clip, .some(let asset)):
            let range = (visual.startMs ?? 0)..<(visual.endMs ?? 1)
            return try MontageError.naming(asset) {
                try ClipShow(
                    path: path(of: asset), range: range, lens: lens, width: timeline.width, height: timeline.height,
                    lengthMs: lengthMs, turn: index, look: look, interrupt: interrupt)
            }
        default:
            return try card(index, lengthMs: lengthMs)
        }
    }

    private func card(_ index: Int, lengthMs: Int) throws -> CardShow {
        let visual = timeline.scenes[index].visual
        let isLast = index == timeline.scenes.count - 1
        let style = visual.style ?? (index == 0 ? .title : isLast ? .end : .statement)
        let arrangement: CardPainter.Arrangement =
            switch style {
            case .title: .title
            case .statement: .statement
            case .end: .closing
            }
        let text = visual.text ?? timeline.title
        // The last words are signed with the film's title.
        let kicker = visual.subtitle ?? (style == .end && text != timeline.title ? timeline.title : nil)
        return try CardShow(
            text: text, kicker: kicker, arrangement: arrangement, backdrop: try backdrop(for: index),
            seed: UInt64(index) &* 7919 &+ UInt64(timeline.scenes.count), lens: lens, width: timeline.width,
            height: timeline.height, lengthMs: lengthMs, look: look)
    }

    /// A picture for a card's backdrop: its own, or the nearest of the film's.
    private func backdrop(for index: Int) throws -> Picture? {
        let scenes = timeline.scenes
        let order = scenes.indices.sorted { abs($0 - index) < abs($1 - index) }
        for near in order {
            let visual = scenes[near].visual
            guard let asset = visual.assetId, inputs[asset] != nil else { continue }
            if visual.kind == .clip, let start = visual.startMs, let end = visual.endMs {
                return try MontageError.naming(asset) {
                    let ms = Double(start) + Double(end - start) * 0.6
                    let reader = try ClipReader(
                        path: path(of: asset), startMs: ms, width: timeline.width, height: timeline.height,
                        look: look, interrupt: interrupt)
                    return try reader.picture(at: ms)
                }
            }
            return try photo(asset).picture
        }
        return nil
    }

    private func photo(_ asset: String) throws -> Photo {
        if let known = photos[asset] { return known }
        let photo = try MontageError.naming(asset) {
            try Photo(
                path: path(of: asset), width: timeline.width, height: timeline.height, zoom: 1 + look.photoZoom,
                look: look)
        }
        // Two at most: a film of two hundred photos must not hold them all.
        if photos.count > 1 { photos.removeAll() }
        photos[asset] = photo
        return photo
    }

    private func path(of asset: String) throws -> String {
        guard let path = inputs[asset] else { throw MontageError(.invalidRequest, assetID: asset, "no file for it") }
        return path
    }
}
