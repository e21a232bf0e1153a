internal import Crypto
public import FoundationEssentials
public import HTTP
internal import Primitives

/// Signs requests with AWS Signature Version 4, which S3-compatible stores ask for.
///
/// curl 7.88's own signing leaves out `x-amz-content-sha256` and takes the query unsorted; and presigned URLs need a
/// signer anyway. Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
public struct SigV4: Sendable {
    /// The public half of the credentials; stands in every signature.
    public let accessKey: String
    private let secretKey: String
    /// The region that the signature is for; a store refuses one of another.
    public let region: String
    /// The name of the service in the signature's scope: `s3`.
    public let service: String
    private let sessionToken: String?
    /// The hash of the content in hexadecimal, or `UNSIGNED-PAYLOAD`; `nil` hashes nothing, as GET and HEAD need.
    public var payloadHash: String?

    /// As ``payloadHash``: the content is not part of the signature, as for a stream.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// - Parameters:
    ///   - sessionToken: of temporary credentials; sent as `x-amz-security-token`.
    ///   - payloadHash: see ``payloadHash``.
    public init(
        accessKey: String, secretKey: String, region: String, service: String = "s3", sessionToken: String? = nil,
        payloadHash: String? = nil
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.service = service
        self.sessionToken = sessionToken
        self.payloadHash = payloadHash
    }

    /// The header fields that a signed request has beside its own. The query must be percent-encoded.
    public func headers(
        method: HTTPMethod, url: String, headers: HTTPHeaders, now: Date = Date()
    ) throws -> HTTPHeaders {
        let target = try Target(url)
        let stamp = Self.stamp(now)
        let hash = payloadHash ?? Self.emptyHash
        var signed: [(String, String)] = headers.map { ($0.name.lowercased(), $0.value.trimmingBlanks()) }
        signed.removeAll { $0.0 == "host" || $0.0 == "authorization" || $0.0 == "expect" || $0.0 == "traceparent" }
        signed += [("host", target.host), ("x-amz-date", stamp), ("x-amz-content-sha256", hash)]
        if let sessionToken { signed.append(("x-amz-security-token", sessionToken)) }
        signed.sort { $0.0 < $1.0 }
        let names = signed.map(\.0).joined(separator: ";")
        let canonical = [
            method.rawValue, target.path, target.query, signed.map { "\($0.0):\($0.1)\n" }.joined(), names, hash,
        ].joined(separator: "\n")
        let signature = sign(canonical, stamp: stamp)
        var added: HTTPHeaders = ["x-amz-date": stamp, "x-amz-content-sha256": hash]
        if let sessionToken { added.set("x-amz-security-token", sessionToken) }
        added.set(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope(stamp)),SignedHeaders=\(names),Signature=\(signature)")
        return added
    }

    /// A URL that anyone may use for a time.
    /// - Parameters:
    ///   - lifetime: seven days at most.
    ///   - query: further items, such as `response-content-disposition`, not encoded.
    public func presign(
        method: HTTPMethod, url: String, lifetime: Duration, query: [(String, String)] = [], now: Date = Date()
    ) throws -> String {
        let stamp = Self.stamp(now)
        var items: [(String, String)] = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(accessKey)/\(scope(stamp))"),
            ("X-Amz-Date", stamp), ("X-Amz-Expires", String(Int(lifetime.seconds))), ("X-Amz-SignedHeaders", "host"),
        ]
        if let sessionToken { items.append(("X-Amz-Security-Token", sessionToken)) }
        let text = (items + query).map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            .joined(separator: "&")
        let target = try Target(url + (url.contains("?") ? "&" : "?") + text)
        let canonical = [
            method.rawValue, target.path, target.query, "host:\(target.host)\n", "host", Self.unsignedPayload,
        ].joined(separator: "\n")
        return "\(target.origin)\(target.path)?\(target.query)&X-Amz-Signature=\(sign(canonical, stamp: stamp))"
    }

    private func scope(_ stamp: String) -> String { "\(stamp.prefix(8))/\(region)/\(service)/aws4_request" }

    private func sign(_ canonical: String, stamp: String) -> String {
        let text = [
            "AWS4-HMAC-SHA256", stamp, scope(stamp), SHA256.hash(Data(canonical.utf8)).hex,
        ].joined(separator: "\n")
        var key = Data("AWS4\(secretKey)".utf8)
        for part in [String(stamp.prefix(8)), region, service, "aws4_request", text] {
            key = HMACSHA256.code(for: Data(part.utf8), key: key)
        }
        return key.hex
    }

    /// `20260131T090507Z`.
    private static func stamp(_ date: Date) -> String {
        String(date.rfc3339.prefix(19)).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// A URL in the form that is signed.
    private struct Target {
        let origin: String
        let host: String
        let path: String
        let query: String

        init(_ url: String) throws {
            guard let scheme = url.firstRange(of: "://") else {
                throw HTTPClientError(.invalidRequest, detail: "the URL is not absolute", outcomeUnknown: false)
            }
            let rest = url[scheme.upperBound...]
            let cut = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            origin = String(url[..<cut])
            var authority = String(rest[..<cut])
            let defaultPort = url.hasPrefix("https") ? ":443" : ":80"
            if authority.hasSuffix(defaultPort) { authority.removeLast(defaultPort.count) }
            host = authority
            let target = rest[cut...]
            let question = target.firstIndex(of: "?") ?? target.endIndex
            path = question == target.startIndex ? "/" : String(target[..<question])
            let items = question == target.endIndex ? "" : target[target.index(after: question)...]
            // `uploads` is signed as `uploads=`; the order is by name, then by value.
            query = items.split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }
                .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.joined(separator: "&")
        }

        /// The URL to request, with the query as it was signed.
        var url: String { query.isEmpty ? origin + path : "\(origin)\(path)?\(query)" }
    }

    /// The URL with its query in the signed order, which is how the request must be sent.
    public static func canonicalURL(_ url: String) throws -> String { try Target(url).url }
}
