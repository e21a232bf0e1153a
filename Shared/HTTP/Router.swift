public import Telemetry

/// Answers a request, or throws a ``Problem``.
public typealias Handler = @Sendable (HTTPRequest) async throws -> HTTPResponse
/// Answers a request with the help of what stands behind it.
public typealias Middleware = @Sendable (HTTPRequest, _ next: Handler) async throws -> HTTPResponse

/// The routes of a process: `/projects/{id}` matches one segment, `/files/{path...}` the rest (which may be empty).
///
/// A fixed segment wins over a `{name}`, and that over a rest. A GET route answers HEAD as well.
public struct Router: Sendable {
    private var root = Node()
    private var middleware: [Middleware] = []

    public init() {}

    /// Adds a route for GET, which also answers HEAD.
    public mutating func get(_ template: String, _ handler: @escaping Handler) { on(.GET, template, handler) }
    /// Adds a route for POST.
    public mutating func post(_ template: String, _ handler: @escaping Handler) { on(.POST, template, handler) }
    /// Adds a route for PUT.
    public mutating func put(_ template: String, _ handler: @escaping Handler) { on(.PUT, template, handler) }
    /// Adds a route for PATCH.
    public mutating func patch(_ template: String, _ handler: @escaping Handler) { on(.PATCH, template, handler) }
    /// Adds a route for DELETE.
    public mutating func delete(_ template: String, _ handler: @escaping Handler) { on(.DELETE, template, handler) }
    /// Adds a route for HEAD, which goes before the GET route of the same template.
    public mutating func head(_ template: String, _ handler: @escaping Handler) { on(.HEAD, template, handler) }

    /// Adds a route.
    public mutating func on(_ method: HTTPMethod, _ template: String, _ handler: @escaping Handler) {
        let segments = template.split(separator: "/").map(String.init)
        root.insert(segments[...], template: template, method: method, handler: handler)
    }

    /// Lets `middleware` stand before every route of this router, also those added later. The first added is outermost.
    public mutating func wrap(_ middleware: @escaping Middleware) { self.middleware.append(middleware) }

    /// Adds the routes that `add` makes, with `middleware` before these and no others.
    public mutating func group(_ middleware: Middleware? = nil, _ add: (inout Router) -> Void) {
        var inner = Router()
        add(&inner)
        if let middleware { inner.middleware.insert(middleware, at: 0) }
        merge(inner)
    }

    /// Adds the routes of another router, each behind that router's middleware.
    public mutating func merge(_ other: Router) {
        for (method, template, handler) in other.root.all { on(method, template, other.wrapped(handler)) }
    }

    /// All routes, for documents and tests.
    public var routes: [(method: HTTPMethod, template: String)] { root.all.map { ($0.0, $0.1) } }

    /// What a request leads to.
    public struct Match: Sendable {
        /// The template of the route, for metrics; `nil` where there is none.
        public let template: String?
        /// The decoded `{name}` segments of the path.
        public let parameters: [String: String]
        /// Answers the request; where there is no route, with 404 or 405 (or 204 and `Allow` for OPTIONS).
        public let handler: Handler
    }

    /// Finds the route of a request.
    public func match(_ method: HTTPMethod, path: String) -> Match {
        var parameters: [String: String] = [:]
        guard let segments = Self.segments(path), let node = root.find(segments[...], &parameters) else {
            return Match(template: nil, parameters: [:], handler: wrapped { _ in throw Problem.notFound("resource") })
        }
        let route = node.routes[method] ?? (method == .HEAD ? node.routes[.GET] : nil)
        if let route { return Match(template: route.template, parameters: parameters, handler: wrapped(route.handler)) }
        var allowed = Set(node.routes.keys)
        if allowed.contains(.GET) { allowed.insert(.HEAD) }
        allowed.insert(.OPTIONS)
        let allow = allowed.map(\.rawValue).sorted().joined(separator: ", ")
        let template = node.routes.values.first?.template
        return Match(
            template: template, parameters: parameters,
            handler: wrapped { request in
                if request.method == .OPTIONS { return HTTPResponse(.noContent, headers: ["Allow": allow]) }
                throw Problem(
                    .methodNotAllowed, code: "method_not_allowed", detail: "Allowed here: \(allow).",
                    headers: ["Allow": allow])
            })
    }

    /// Answers a request: what throws becomes a problem; what is no ``Problem`` is logged and becomes a bare 500.
    public func respond(to request: HTTPRequest, logger: Logger? = nil) async -> HTTPResponse {
        await Self.respond(to: request, by: match(request.method, path: request.path), logger: logger)
    }

    /// Answers a request by a match that was found before.
    public static func respond(to request: HTTPRequest, by match: Match, logger: Logger?) async -> HTTPResponse {
        var request = request
        request.parameters = match.parameters
        do { return try await match.handler(request) } catch { return answer(to: error, logger: logger) }
    }

    /// The answer that tells of an error: what is no ``Problem`` is logged and becomes a bare 500.
    public static func answer(to error: any Error, logger: Logger?) -> HTTPResponse {
        let requestID = Trace.current?.requestID
        switch error {
        case let problem as Problem: return problem.response(requestID: requestID)
        case let error as any ProblemConvertible: return error.problem.response(requestID: requestID)
        case is PeerGone:
            return Problem(.badRequest, code: "incomplete_request", detail: "The request ended too early.").response()
        case is CancellationError: return Problem.unavailable().response(requestID: requestID)
        default:
            logger?.error("request failed", ["error": .string(String(reflecting: error))])
            return Problem.internalError.response(requestID: requestID)
        }
    }

    private func wrapped(_ handler: @escaping Handler) -> Handler {
        middleware.reversed().reduce(handler) { inner, middleware in
            { try await middleware($0, inner) }
        }
    }

    /// The decoded segments of a path; `nil` where it has no slash in front, an empty or dot segment, or bad encoding.
    private static func segments(_ path: String) -> [String]? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        var found: [String] = []
        let raw = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in raw.enumerated() {
            // One slash at the end is forgiven.
            if part.isEmpty, index == raw.count - 1 { break }
            guard let segment = PercentEncoding.decode(part), !segment.isEmpty, segment != ".", segment != ".." else {
                return nil
            }
            found.append(segment)
        }
        return found
    }
}

/// An error that knows how a client is told of it.
public protocol ProblemConvertible: Error {
    /// What to tell; all else about the error stays in the log.
    var problem: Problem { get }
}
