/// A service that takes work by command.
public enum Worker: String, Codable, Sendable, CaseIterable {
    case mediaWorker = "media-worker"
    case mlWorker = "ml-worker"
    case publisher
    case notifier
    case analytics
    case storage
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
