internal import FoundationEssentials

/// Where error reports go: a DSN as Sentry writes it, `https://KEY@HOST/PROJECT`.
struct ReportAddress: Sendable, Equatable {
    /// Where envelopes are posted to.
    let url: String
    /// The header that says whose they are.
    let authorization: String

    /// `nil` for what is no such address.
    init?(_ text: String) {
        guard let url = URL(string: text), let scheme = url.scheme, scheme == "https" || scheme == "http",
            let host = url.host(), !host.isEmpty, let key = url.user(), !key.isEmpty
        else { return nil }
        var path = url.path().split(separator: "/").map(String.init)
        guard let project = path.popLast(), !project.isEmpty, key.allSatisfy({ $0.isLetter || $0.isNumber }) else {
            return nil
        }
        let port = url.port.map { ":\($0)" } ?? ""
        self.url = (["\(scheme)://\(host)\(port)"] + path + ["api", project, "envelope", ""]).joined(separator: "/")
        authorization = "Sentry sentry_version=7, sentry_client=atelier/\(Version.current), sentry_key=\(key)"
    }
}
