internal import Crypto
public import FoundationEssentials
public import HTTP
internal import Primitives

/// Links that open without a token until they end: the method, the path, every query item and the end are signed.
public struct SignedURL: Sendable {
    private let key: Data

    /// - Parameters:
    ///   - secret: what the service signs with.
    ///   - purpose: keeps links for one thing from opening another, such as `content` or `upload`.
    public init(secret: String, purpose: String) {
        key = HMACSHA256.code(for: Data("atelier signed url v1 \(purpose)".utf8), key: Data(secret.utf8))
    }

    /// The path with its query, `expires` (seconds since 1970) and `signature`.
    /// - Parameters:
    ///   - path: percent-encoded, as it will stand in the request.
    ///   - query: further items; a link with any of them changed, added or left out does not open.
    public func sign(
        _ method: HTTPMethod, path: String, query: [(name: String, value: String)] = [], expiresAt: Date
    ) -> String {
        let expiry = Int64(expiresAt.timeIntervalSince1970.rounded(.up))
        let signature = code(method, path, query, expiry).base64URL
        let items = query + [(name: "expires", value: String(expiry)), (name: "signature", value: signature)]
        return path + "?"
            + items.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
            .joined(separator: "&")
    }

    /// Whether a request came by a link of ours that still holds. A link for GET opens HEAD as well.
    public func isValid(_ request: HTTPRequest, now: Date = Date()) -> Bool {
        let given = request.query.names
        guard given.filter({ $0 == "expires" }).count == 1, given.filter({ $0 == "signature" }).count == 1,
            let text = request.query["expires"], let expiry = Int64(text), String(expiry) == text,
            let signature = request.query["signature"].flatMap({ Data(base64URL: $0) })
        else { return false }
        let rest = Dictionary(grouping: given.filter { $0 != "expires" && $0 != "signature" }) { $0 }
            .keys.flatMap { name in request.query.all(name).map { (name: name, value: $0) } }
        let method = request.method == .HEAD ? .GET : request.method
        return ConstantTime.areEqual(signature, code(method, request.path, rest, expiry))
            && Double(expiry) > now.timeIntervalSince1970
    }

    private func code(
        _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)], _ expiry: Int64
    ) -> Data {
        // Each part with its length: no two different links can give the same text.
        var text = ""
        for part in [method.rawValue, path, String(expiry)] { text += "\(part.utf8.count):\(part)" }
        for (name, value) in query.sorted(by: { ($0.name, $0.value) < ($1.name, $1.value) }) {
            text += "\(name.utf8.count):\(name)\(value.utf8.count):\(value)"
        }
        return HMACSHA256.code(for: Data(text.utf8), key: key)
    }
}
