import HTTP
import Telemetry

/// Where a request comes from, for sessions and the audit log.
struct Client: Sendable {
    let address: String
    let userAgent: String
    let requestID: String?
    let traceID: String?

    /// - Parameter request: behind the gateway, which sets `X-Forwarded-For` itself and takes it from nobody.
    init(_ request: HTTPRequest) {
        let forwarded = request.headers.list("X-Forwarded-For").last
        address = String((forwarded ?? request.remoteAddress).prefix(64))
        userAgent = String((request.headers["User-Agent"] ?? "").prefix(200))
        requestID = Trace.current?.requestID
        traceID = Trace.current?.traceID
    }
}
