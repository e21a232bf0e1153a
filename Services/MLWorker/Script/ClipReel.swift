/// Which seconds of the videos are still unused. Nothing is given out twice.
struct ClipReel {
    /// A part of a video, in milliseconds.
    struct Part: Hashable {
        var assetID: String
        var startMs: Int
        var endMs: Int
        var lengthMs: Int { endMs - startMs }
    }

    /// Taken off both ends of a shot: dissolves of the source, and cuts found a frame late.
    private static let marginMs = 120
    /// Shorter parts are no picture but a flash.
    private static let minimumMs = 1_400

    /// What is left of each shot, in order.
    private var rest: [String: [Part]] = [:]
    /// Where the last part of each video ended: a film goes forward in time where it can.
    private var reached: [String: Int] = [:]

    init(_ clips: [MediaItem]) {
        for clip in clips {
            rest[clip.id] = clip.shots.compactMap { shot in
                let margin = shot.endMs - shot.startMs > 4 * Self.marginMs ? Self.marginMs : 0
                let part = Part(
                    assetID: clip.id, startMs: max(0, shot.startMs) + margin, endMs: shot.endMs - margin)
                return part.lengthMs >= Self.minimumMs ? part : nil
            }
        }
    }

    /// How much of a video is left, in milliseconds.
    func left(_ assetID: String) -> Int { rest[assetID]?.reduce(0) { $0 + $1.lengthMs } ?? 0 }

    /// The next unused part of a video that suits a scene of `wantedMs`: of one shot, from its beginning. `nil` where
    /// only scraps are left, at which a scene would stand still.
    mutating func take(_ assetID: String, wantedMs: Int) -> Part? {
        guard let parts = rest[assetID], !parts.isEmpty else { return nil }
        let place = reached[assetID] ?? 0
        // A clip may run slower than it was filmed, down to half.
        func suits(_ part: Part) -> Bool { part.lengthMs * 2 >= wantedMs }
        let longest = parts.indices.max { parts[$0].lengthMs < parts[$1].lengthMs } ?? 0
        let index =
            parts.firstIndex { suits($0) && $0.startMs >= place } ?? parts.firstIndex(where: suits) ?? longest
        var part = parts[index]
        guard part.lengthMs * 100 >= wantedMs * 40 else { return nil }
        // What would be left is no picture any more: then the scene has all of it.
        let length = part.lengthMs - wantedMs < Self.minimumMs ? part.lengthMs : wantedMs
        part.endMs = part.startMs + length
        rest[assetID]?[index].startMs = part.endMs
        rest[assetID]?.removeAll { $0.lengthMs < Self.minimumMs }
        reached[assetID] = part.endMs
        return part
    }
}
