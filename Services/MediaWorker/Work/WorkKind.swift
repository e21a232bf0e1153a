/// What this worker does, by the name that stands in its jobs; how each is done: ``MediaWork``.
enum WorkKind: String, CaseIterable, Sendable {
    case metadata, thumbnail, waveform, proxy, hls, transcode, montage
    case photoEdit = "photo-edit"

    /// What is done with a new asset, without being asked.
    /// - Parameters:
    ///   - kind: image, video, audio, text or other.
    ///   - origin: upload, generated or rendered.
    static func automatic(kind: String, origin: String) -> [WorkKind] {
        switch kind {
        case "image": [.metadata, .thumbnail]
        case "video": [.metadata, .thumbnail, .waveform, .proxy, .hls]
        // Pieces of a film in the making are heard in the film; nobody looks at them.
        case "audio": origin == "generated" ? [.metadata] : [.metadata, .waveform]
        default: []
        }
    }

    /// What people wait for comes first. One point weighs as much as one running job of the workspace.
    var priority: Int {
        switch self {
        case .montage, .photoEdit: 20
        case .metadata: 10
        case .thumbnail: 5
        case .proxy: -5
        case .hls: -10
        default: 0
        }
    }

    /// Whether it may take hours, as work on a whole film does.
    var isLong: Bool { [.proxy, .hls, .transcode, .montage].contains(self) }
}
