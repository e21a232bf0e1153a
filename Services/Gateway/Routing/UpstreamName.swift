/// The services behind the gateway: a name here, and a line below.
enum UpstreamName: Int, CaseIterable, Sendable {
    case user, project, storage, mediaWorker, mlWorker, publisher, notifier, analytics

    private var line: (text: String, port: Int) {
        switch self {
        case .user: ("user", 8081)
        case .analytics: ("analytics", 8082)
        case .mlWorker: ("ml-worker", 8083)
        case .mediaWorker: ("media-worker", 8084)
        case .project: ("project", 8086)
        case .publisher: ("publisher", 8087)
        case .notifier: ("notifier", 8088)
        case .storage: ("storage", 8089)
        }
    }

    /// The name in logs, metrics and on the page.
    var text: String { line.text }

    /// The port by default.
    var port: Int { line.port }

    /// The environment variable of its URL, without `_URL`.
    var variable: String { text.uppercased().split(separator: "-").joined(separator: "_") }
}
