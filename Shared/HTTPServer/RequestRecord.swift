internal import FoundationEssentials
internal import HTTP
internal import Primitives
internal import Synchronization
internal import Telemetry

/// What is told of a request when it is over: a span, RED metrics and a line in the access log.
final class RequestRecord: Sendable {
    private struct State {
        var method = "-"
        var template: String?
        var trace = Trace.root()
        var parentID: String?
        var status = 0
        var received: Int64 = 0
        var sent: Int64 = 0
        var hasEnded = false
        var hasBegun = false
        var waits = false
    }

    private let server: ServerCore
    private let startedAt = Date()
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(server: ServerCore) { self.server = server }

    var trace: Trace { state.withLock { $0.trace } }

    func begin(method: String, template: String?, headers: HTTPHeaders) {
        let requestID = Self.requestID(headers["X-Request-Id"])
        let parent = headers["traceparent"].flatMap { Trace(traceparent: $0, requestID: requestID) }
        state.withLock { state in
            state.method = HTTPMethod(rawValue: method) == nil ? "OTHER" : method
            state.template = template
            state.trace = parent?.child() ?? .root(requestID: requestID)
            state.parentID = parent?.spanID
        }
    }

    /// Whether this is libmicrohttpd's first call for the request.
    func isFirstCall() -> Bool {
        state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
    }

    /// The client is to send content now, so its pace may be judged.
    var isWaitingForContent: Bool { state.withLock { $0.waits } }
    func waitsForContent(_ waits: Bool) { state.withLock { $0.waits = waits } }

    func received(_ count: Int) { state.withLock { $0.received += Int64(count) } }
    func sent(_ count: Int) { state.withLock { $0.sent += Int64(count) } }
    var receivedBytes: Int64 { state.withLock { $0.received } }

    func answered(_ answer: HTTPResponse) {
        state.withLock { state in
            state.status = answer.status.rawValue
            if case .stream = answer.body {} else { state.sent = answer.contentLength ?? 0 }
        }
    }

    func end(completed: Bool) {
        let state = state.withLock { state -> State? in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : state
        }
        guard let state else { return }
        let duration = ContinuousClock.now - started
        let route = state.template ?? "unmatched"
        let status = completed || state.status == 101 ? state.status : (state.status == 0 ? 499 : state.status)
        server.metrics.observe(
            "http_server_request_duration_seconds", "Time from a request's first line to the end of its answer.",
            ["method": state.method, "route": route], duration.seconds)
        server.metrics.count(
            "http_server_requests_total", "Requests by route and status.",
            ["method": state.method, "route": route, "status": String(status)])
        SpanExport.record(
            Span(
                trace: state.trace, parentID: state.parentID, service: server.logger.service,
                name: "\(state.method) \(route)", start: startedAt, end: Date(),
                attributes: [
                    "http.request.method": state.method, "http.route": route,
                    "http.response.status_code": String(status),
                ], kind: .server, failed: status >= 500))
        Trace.$current.withValue(state.trace) {
            server.accessLogger.info(
                "request",
                [
                    "method": .string(state.method), "route": .string(route), "status": .int(Int64(status)),
                    "duration_ms": .double((duration.seconds * 100_000).rounded() / 100),
                    "received_bytes": .int(state.received), "sent_bytes": .int(state.sent),
                    "completed": .bool(completed),
                ])
        }
    }

    /// The client's own id where it is harmless, else a new one.
    private static func requestID(_ given: String?) -> String {
        if let given, (8...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            })
        {
            return given
        }
        return UUID.v7().text
    }
}
