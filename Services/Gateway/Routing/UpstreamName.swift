/// The services behind the gateway.
enum UpstreamName: Int, CaseIterable, Sendable {
    case user, project, storage, mediaWorker, mlWorker, publisher, notifier, analytics

    /// The name in logs, metrics and on the page.
    var text: String {
        switch self {
        case .user: "user"
        case .project: "project"
        case .storage: "storage"
        case .mediaWorker: "media-worker"
        case .mlWorker: "ml-worker"
        case .publisher: "publisher"
        case .notifier: "notifier"
        case .analytics: "analytics"
        }
    }

    /// The environment variable of its URL, without `_URL`.
    var variable: String { text.uppercased().split(separator: "-").joined(separator: "_") }

    /// The port by default.
    var port: Int {
        switch self {
        case .user: 8081
        case .analytics: 8082
        case .mlWorker: 8083
        case .mediaWorker: 8084
        case .project: 8086
        case .publisher: 8087
        case .notifier: 8088
        case .storage: 8089
        }
    }
}
