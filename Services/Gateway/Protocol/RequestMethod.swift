/// The methods that the gateway passes on. A set of them is an option set over the raw values.
enum RequestMethod: UInt8, CaseIterable, Sendable {
    case get, head, post, put, patch, delete, options

    init?(_ bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 3 where bytes.equals("GET"): self = .get
        case 3 where bytes.equals("PUT"): self = .put
        case 4 where bytes.equals("POST"): self = .post
        case 4 where bytes.equals("HEAD"): self = .head
        case 5 where bytes.equals("PATCH"): self = .patch
        case 6 where bytes.equals("DELETE"): self = .delete
        case 7 where bytes.equals("OPTIONS"): self = .options
        default: return nil
        }
    }

    /// The name as it stands in a request line.
    var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        }
    }

    /// Whether a request changes nothing (RFC 9110 §9.2.1).
    var isSafe: Bool { self == .get || self == .head || self == .options }
    /// Whether a request may be sent again where it is not known whether it arrived (RFC 9110 §9.2.2).
    var isIdempotent: Bool { self != .post && self != .patch }
}

/// A set of methods.
struct MethodSet: OptionSet, Sendable {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ method: RequestMethod) { rawValue = 1 << method.rawValue }

    static let get = MethodSet(.get)
    static let head = MethodSet(.head)
    static let post = MethodSet(.post)
    static let put = MethodSet(.put)
    static let patch = MethodSet(.patch)
    static let delete = MethodSet(.delete)
    static let options = MethodSet(.options)

    func contains(_ method: RequestMethod) -> Bool { contains(MethodSet(method)) }

    /// The methods by name, as `Allow` lists them.
    var list: String {
        RequestMethod.allCases.filter { contains($0) }.map { "\($0.name)" }.joined(separator: ", ")
    }
}
