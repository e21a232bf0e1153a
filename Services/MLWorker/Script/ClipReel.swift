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

    init(_ clips: [MediaItem]) {
        for clip in clips {
            rest[clip.id] = clip.shots.compactMap { shot in
                let margin = shot.endMs - shot.startMs > 4 * Self.marginMs ? Self.marginMs : 0
                let part = Part(assetID: clip.id, startMs: max(0, shot.startMs) + margin, endMs: shot.endMs - margin)
                return part.lengthMs >= Self.minimumMs ? part : nil
            }
        }
    }

    /// How much of a video is left, in milliseconds.
    func left(_ assetID: String) -> Int { rest[assetID]?.reduce(0) { $0 + $1.lengthMs } ?? 0 }

    /// The next unused part of a video that suits a scene of `wantedMs`: of one shot, from its beginning. A shot of less
    /// than half of it is passed over as long as a longer one follows: else time goes forward, as the words do.
    mutating func take(_ assetID: String, wantedMs: Int) -> Part? {
        guard let parts = rest[assetID], !parts.isEmpty else { return nil }
        let index =
            parts.firstIndex { $0.lengthMs * 2 >= wantedMs } ?? parts.indices.max {
                parts[$0].lengthMs < parts[$1].lengthMs
            } ?? 0
        var part = parts[index]
        // What would be left is no picture any more: then the scene has all of it.
        let takes = part.lengthMs - wantedMs < Self.minimumMs ? part.lengthMs : wantedMs
        part.endMs = part.startMs + takes
        // Earlier shots stay: a later scene may take them, but time should mostly go forward.
        rest[assetID]?[index].startMs = part.endMs
        rest[assetID]?.removeAll { $0.lengthMs < Self.minimumMs }
        return part
    }
}
