internal import FoundationEssentials
public import Primitives

/// An error that a client is told, as `application/problem+json` (RFC 9457), with a stable `code`.
///
/// Never put what only operators may know into `detail`.
public struct Problem: Error, Sendable, Encodable, CustomStringConvertible {
    /// The status of the answer, also a member of the object.
    public var status: HTTPStatus
    /// A stable name for programs, in snake case.
    public var code: String
    /// A short text for people, the same for every problem of this code; the status's phrase by default.
    public var title: String
    /// What happened this time, for people.
    public var detail: String?
    /// Further members of the object.
    public var members: [String: JSONValue]
    /// Header fields of the answer, such as `Retry-After`.
    public var headers: HTTPHeaders

    /// - Parameters:
    ///   - code: a stable name for programs, in snake case.
    ///   - title: the status's phrase where `nil`.
    public init(
        _ status: HTTPStatus, code: String, title: String? = nil, detail: String? = nil,
        members: [String: JSONValue] = [:], headers: HTTPHeaders = HTTPHeaders()
    ) {
        self.status = status
        self.code = code
        self.title = title ?? status.reason
        self.detail = detail
        self.members = members
        self.headers = headers
    }

    public var description: String { "\(status.rawValue) \(code): \(detail ?? title)" }

    public func encode(to encoder: any Encoder) throws {
        try JSONValue.object(object).encode(to: encoder)
    }

    private var object: [String: JSONValue] {
        var object = members
        object["type"] = "about:blank"
        object["status"] = .int(Int64(status.rawValue))
        object["code"] = .string(code)
        object["title"] = .string(title)
        if let detail { object["detail"] = .string(detail) }
        return object
    }

    /// The answer that tells it.
    /// - Parameter requestID: added as `requestId`, so that a person can quote it.
    public func response(requestID: String? = nil) -> HTTPResponse {
        var object = object
        if let requestID { object["requestId"] = .string(requestID) }
        var headers = headers
        headers.set("Content-Type", "application/problem+json")
        if !headers.contains("Cache-Control") { headers.set("Cache-Control", "no-store") }
        let data = (try? JSON.encode(JSONValue.object(object))) ?? Data()
        return HTTPResponse(status, headers: headers, body: .data(data))
    }
}

extension Problem {
    /// 404: there is no such thing, or it is another's.
    public static func notFound(_ resource: String) -> Problem {
        Problem(.notFound, code: "not_found", detail: "There is no such \(resource).")
    }

    /// 400: a field of the request cannot be accepted.
    public static func invalid(field: String, reason: String) -> Problem { invalid([(field, reason)]) }

    /// 400: fields of the request cannot be accepted, all of them named.
    public static func invalid(_ faults: [(field: String, reason: String)]) -> Problem {
        Problem(
            .badRequest, code: "invalid_request", title: "The request is not valid",
            detail: faults.map { "\($0.field) \($0.reason)" }.joined(separator: "; ") + ".",
            members: ["errors": .array(faults.map { ["field": .string($0.field), "reason": .string($0.reason)] })])
    }

    /// 401: no credentials, or none that hold.
    public static func unauthorized(_ detail: String = "Valid credentials are needed.") -> Problem {
        Problem(.unauthorized, code: "unauthorized", detail: detail, headers: ["WWW-Authenticate": "Bearer"])
    }

    /// 403: known, but not allowed.
    public static func forbidden(_ detail: String = "You may not do this.") -> Problem {
        Problem(.forbidden, code: "forbidden", detail: detail)
    }

    /// 409: the present state does not allow it.
    public static func conflict(_ code: String = "conflict", _ detail: String) -> Problem {
        Problem(.conflict, code: code, detail: detail)
    }

    /// 413: more bytes than are taken.
    public static func contentTooLarge(limit: Int64) -> Problem {
        Problem(
            .contentTooLarge, code: "content_too_large", detail: "The content may have \(limit) bytes at most.",
            members: ["limitBytes": .int(limit)])
    }

    /// 415: content of another type is wanted.
    public static func unsupportedMediaType(expected: String) -> Problem {
        Problem(.unsupportedMediaType, code: "unsupported_media_type", detail: "The content must be \(expected).")
    }

    /// 429: too many, with the seconds to wait.
    public static func tooManyRequests(retryAfter seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "too_many_requests", detail: "Try again in \(seconds) s.",
            headers: ["Retry-After": String(seconds)])
    }

    /// 501: a part of the product that is not built yet.
    public static func notImplemented(_ feature: String) -> Problem {
        Problem(.notImplemented, code: "not_implemented", detail: "\(feature) is not built yet.")
    }

    /// 503: something that this needs is away.
    public static func unavailable(_ detail: String = "Try again soon.", retryAfter seconds: Int = 2) -> Problem {
        Problem(
            .serviceUnavailable, code: "unavailable", detail: detail, headers: ["Retry-After": String(seconds)])
    }

    /// 500: a fault of ours, whose details stand in the log only.
    public static let internalError = Problem(
        .internalServerError, code: "internal_error", detail: "Something went wrong on our side.")
}
