import Assets
import Primitives

extension StoredAsset {
    /// The asset as a picture of a film; `nil` where it is neither photograph nor video.
    var mediaItem: MediaItem? {
        switch kind {
        case "image": return MediaItem(id: id.text, kind: .photo, filename: filename, shots: [])
        case "video":
            let whole = durationMs.map { [MediaItem.Shot(startMs: 0, endMs: Int($0))] } ?? []
            return MediaItem(id: id.text, kind: .clip, filename: filename, shots: shots ?? whole)
        default: return nil
        }
    }

    /// Whether nobody has looked into the video yet: it has no length.
    var isUnprobed: Bool { kind == "video" && durationMs == nil && shots == nil }

    private var shots: [MediaItem.Shot]? {
        let found = metadata?["shots"] ?? metadata?["media"]?["shots"]
        guard let shots: [MediaItem.Shot] = try? found?.decode(), !shots.isEmpty else { return nil }
        return shots.filter { $0.endMs > $0.startMs && $0.startMs >= 0 }
    }
}
