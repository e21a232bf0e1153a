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

    /// A picture for a card's backdrop: of its own asset, or of the nearest scene that has one.
    private func backdrop(for index: Int) throws -> Picture? {
        let scenes = timeline.scenes
        let order = scenes.indices.filter { scenes[$0].visual.kind != .card }.sorted {
            abs($0 - index) < abs($1 - index)
        }
        if let own = scenes[index].visual.assetId {
            // The film shows it elsewhere: as that scene does.
            if let near = order.first(where: { scenes[$0].visual.assetId == own }) {
                return try still(of: scenes[near].visual)
            }
            return try MontageError.naming(own) {
                do { return try photo(own).picture } catch let error as MontageError
                    where error.code == .unsupportedFormat
                {
                    return try frame(own, at: 0..<8_000)
                }
            }
        }
        return try order.first.flatMap { try still(of: scenes[$0].visual) }
    }

    /// A picture of what a scene shows.
    private func still(of visual: Visual) throws -> Picture? {
        guard let asset = visual.assetId else { return nil }
        if visual.kind == .clip, let start = visual.startMs, let end = visual.endMs {
            return try MontageError.naming(asset) { try frame(asset, at: start..<end) }
        }
        return try photo(asset).picture
    }

    /// A frame of a video, after the middle of a range: past a beginning in black.
    private func frame(_ asset: String, at range: Range<Int>) throws -> Picture {
        let ms = Double(range.lowerBound) + Double(range.count) * 0.6
        let reader = try ClipReader(
            path: path(of: asset), startMs: ms, width: timeline.width, height: timeline.height, look: look,
            interrupt: interrupt)
        return try reader.picture(at: ms)
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
