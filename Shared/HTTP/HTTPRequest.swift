public import FoundationEssentials

/// A request, its head read and its body still on the way.
public struct HTTPRequest: Sendable {
    /// What is asked for; another method than these never comes this far.
    public var method: HTTPMethod
    /// The target as it came, with its query.
    public var rawTarget: String
    /// The path as it came, percent-encoded. The router decodes segment by segment, so `%2F` never becomes a slash.
    public var path: String
    /// The decoded query of the target.
    public var query: QueryItems
    /// The header fields of the request.
    public var headers: HTTPHeaders
    /// The content; read it once.
    public var body: HTTPBody
    /// Bytes of content that are read into memory at once where the reader names no limit: what the server allows.
    public var documentLimit = 1 << 20
    /// The decoded `{name}` segments of the route.
    public var parameters: [String: String]
    /// The peer's IP address, without its port.
    public var remoteAddress: String
    /// What middleware found out, such as who makes the request.
    public var context: RequestContext

    /// - Parameters:
    ///   - target: path and query, percent-encoded (the origin form of RFC 9112 §3.2.1).
    ///   - remoteAddress: the peer's IP address, without its port.
    public init(
        method: HTTPMethod, target: String, headers: HTTPHeaders = HTTPHeaders(), body: HTTPBody = .empty,
        remoteAddress: String = "127.0.0.1"
    ) {
        self.method = method
        rawTarget = target
        let cut = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = cut.map { String(target[..<$0]) } ?? target
        query = cut.map { QueryItems(target[target.index(after: $0)...]) } ?? QueryItems()
        self.headers = headers
        self.body = body
        parameters = [:]
        self.remoteAddress = remoteAddress
        context = RequestContext()
    }

    /// A segment of the route as text.
    /// - Throws: ``Problem`` 404 where the route has no such segment.
    public func parameter(_ name: String) throws -> String {
        guard let value = parameters[name] else { throw Problem.notFound("resource") }
        return value
    }

    /// A segment of the route as an identifier.
    /// - Throws: ``Problem`` 404 where it is no UUID: what cannot exist is not found.
    public func uuid(_ name: String, of resource: String = "resource") throws -> UUID {
        guard let text = parameters[name], text.utf8.count == 36, let id = UUID(uuidString: text) else {
            throw Problem.notFound(resource)
        }
        return id
    }

    /// The cookies of the request (RFC 6265 §4.2), the first of each name.
    public var cookies: [String: String] {
        var found: [String: String] = [:]
        for pair in headers.all("Cookie").flatMap({ $0.split(separator: ";") }) {
            guard let cut = pair.firstIndex(of: "=") else { continue }
            let name = pair[..<cut].trimmingBlanks()
            if found[name] == nil { found[name] = pair[pair.index(after: cut)...].trimmingBlanks() }
        }
        return found
    }

    /// The media type of the content, lower case and without parameters; `nil` where none is given.
    public var contentType: String? {
        headers["Content-Type"].map { value in
            (value.split(separator: ";", maxSplits: 1).first ?? "").trimmingBlanks().lowercased()
        }
    }
}
