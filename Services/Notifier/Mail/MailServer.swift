import FoundationEssentials
import NetworkClient

extension SMTPServer {
    /// Reads `smtp://user:password@host:port`; `smtps` demands encryption, which otherwise is used where it is offered.
    init?(url text: String) {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, let scheme = url.scheme else {
            return nil
        }
        self.init(
            host: host, port: url.port ?? (scheme == "smtps" ? 587 : 25),
            security: scheme == "smtps" ? .required : .opportunistic,
            user: url.user(percentEncoded: false), password: url.password(percentEncoded: false))
    }
}
