/// A service that takes work by command. One that has no `WorkDesk` is none: nobody would read its topic.
public enum Worker: String, Codable, Sendable, CaseIterable {
    /// Probes, pictures, transcodes, photo edits and montage.
    case mediaWorker = "media-worker"
    /// Agents: script, voice, visuals, music and subtitles.
    case mlWorker = "ml-worker"
    /// Posts to social accounts.
    case publisher

    /// The owner of the worker's facts, as its event topic names it.
    var owner: String {
        switch self {
        case .mediaWorker: "media"
        case .mlWorker: "ml"
        case .publisher: rawValue
        }
    }
}
