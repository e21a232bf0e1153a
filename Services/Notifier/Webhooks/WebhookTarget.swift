import FoundationEssentials
import HTTP

/// Where a webhook goes, as far as its URL can be judged. Where the name leads is judged when it is called.
struct WebhookTarget: Sendable {
    let url: URL

    /// - Parameter allowsPrivate: whether plain http is taken.
    /// - Throws: `Problem` 400.
    init(_ text: String, allowsPrivate: Bool) throws {
        let schemes = allowsPrivate ? ["https", "http"] : ["https"]
        guard text.utf8.count <= 2048, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }),
            let url = URL(string: text), let scheme = url.scheme?.lowercased(), schemes.contains(scheme),
            let host = url.host(), !host.isEmpty, url.user() == nil, url.password() == nil, url.fragment() == nil
        else {
            throw Problem.invalid(
                field: "url",
                reason: "must be a URL that begins with \(schemes.map { $0 + "://" }.joined(separator: " or ")), "
                    + "without user, password and fragment")
        }
        if !allowsPrivate, let literal = IPAddress(host), !literal.isPublic {
            throw Problem.invalid(field: "url", reason: "must lead to a public address")
        }
        self.url = url
    }
}
