/// An error answer of the gateway's own, as `application/problem+json` (RFC 9457).
struct EdgeProblem: Sendable, Equatable {
    let status: Int
    let code: String
    let detail: String
    /// Further header lines, each with its end.
    var lines = ""
    /// Whether the connection is closed: what follows on it cannot be told apart.
    var closes = false
    /// Whether the body names the request; an answer to bad credentials is the same for all (R26).
    var namesRequest = true

    static let unauthorized = EdgeProblem(
        status: 401, code: "unauthorized", detail: "Valid credentials are needed.",
        lines: "WWW-Authenticate: Bearer\r\n", namesRequest: false)
    static let noSuchRoute = EdgeProblem(status: 404, code: "not_found", detail: "There is nothing here.")
    static let methodNotKnown = EdgeProblem(
        status: 501, code: "method_not_known", detail: "The method is not known.", closes: true)
    static let withoutCSRF = EdgeProblem(
        status: 403, code: "csrf", detail: "A change by cookie needs the header X-CSRF-Token.")
    static let foreignOrigin = EdgeProblem(
        status: 403, code: "foreign_origin", detail: "Pages of this origin may not connect.")
    static let keysUnavailable = EdgeProblem.unavailable("Tokens cannot be checked at the moment.")

    static func methodNotAllowed(_ methods: MethodSet) -> EdgeProblem {
        EdgeProblem(
            status: 405, code: "method_not_allowed", detail: "This route takes \(methods.list).",
            lines: "Allow: \(methods.list)\r\n")
    }

    static func notBuilt(_ name: String) -> EdgeProblem {
        EdgeProblem(status: 501, code: "not_implemented", detail: "\(name) is not built yet.")
    }

    static func contentTooLarge(limit: Int64) -> EdgeProblem {
        EdgeProblem(
            status: 413, code: "content_too_large", detail: "The content may have \(limit) bytes at most.", closes: true
        )
    }

    static func tooManyRequests(_ decision: RateDecision) -> EdgeProblem {
        EdgeProblem(
            status: 429, code: "too_many_requests", detail: "Try again in \(decision.retryAfter) s.",
            lines: "Retry-After: \(decision.retryAfter)\r\n")
    }

    static func unavailable(_ detail: String, retryAfter seconds: Int = 2) -> EdgeProblem {
        EdgeProblem(
            status: 503, code: "unavailable", detail: detail, lines: "Retry-After: \(seconds)\r\n")
    }

    /// No answer, or none that can be read, came from a service.
    /// - Parameter mode: the brown-out in which it says that it is: then that is the reason.
    static func upstream(_ name: UpstreamName, status: Int, mode: String? = nil) -> EdgeProblem {
        if let mode {
            return EdgeProblem(
                status: 503, code: mode,
                detail: "The service \(name.text) lacks something that it needs. Try again soon.",
                lines: "Retry-After: 2\r\n")
        }
        let (code, what) =
            switch status {
            case 502: ("bad_gateway", "gave no whole answer")
            case 504: ("gateway_timeout", "did not answer in time")
            default: ("unavailable", "cannot be reached at the moment")
            }
        return EdgeProblem(
            status: status, code: code, detail: "The service \(name.text) \(what).", lines: "Retry-After: 2\r\n")
    }

    /// A service could not read a request that this door had let pass.
    static func unread(_ name: UpstreamName, status: Int) -> EdgeProblem {
        switch status {
        case 413: EdgeProblem(.contentTooLarge)
        case 414: EdgeProblem(.targetTooLong)
        case 431: EdgeProblem(.headTooLarge)
        default: .upstream(name, status: 502)
        }
    }

    init(
        status: Int, code: String, detail: String, lines: String = "", closes: Bool = false, namesRequest: Bool = true
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.lines = lines
        self.closes = closes
        self.namesRequest = namesRequest
    }

    /// A head or content that is refused; the connection ends.
    init(_ refusal: Refusal) {
        self.init(status: refusal.status, code: refusal.code, detail: refusal.detail, closes: true)
    }
}

extension MethodSet {
    static let every: MethodSet = [.get, .head, .post, .put, .patch, .delete, .options]
}
