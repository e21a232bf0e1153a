/// A service that takes work by command.
public enum Worker: String, Codable, Sendable, CaseIterable {
    /// Probes, pictures, transcodes, photo edits and montage.
    case mediaWorker = "media-worker"
    /// Agents: script, voice, visuals, music and subtitles.
    case mlWorker = "ml-worker"
    /// Posts to social accounts.
    case publisher
    /// Mail, webhooks and live events; takes no commands yet.
    case notifier
    /// Counts of events; takes no commands yet.
    case analytics
    /// Uploads, assets and renditions; takes no commands yet.
    case storage
    /// Accounts and sessions; takes no commands yet.
    case user

    /// The owner of the worker's facts, as its event topic names it.
    var owner: String {
        switch self {
        case .mediaWorker: "media"
        case .mlWorker: "ml"
        default: rawValue
        }
    }
}
