import FoundationEssentials
import HTTP
import Primitives
import Synchronization

/// How the next calls fail: as the real ones do.
final class FaultPlan: Sendable {
    /// One kind of failure for one target, a number of times.
    struct Fault: Codable, Sendable {
        enum Kind: String, Codable, Sendable, CaseIterable {
            /// 429 with `Retry-After`.
            case rateLimited = "rate_limited"
            /// 401: the token has expired.
            case expiredToken = "expired_token"
            /// The upload is cut off in the middle.
            case halfUpload = "half_upload"
            /// The call is done, and the answer never comes.
            case timeoutAfterSuccess = "timeout_after_success"
            /// 503.
            case unavailable
            /// 400 that no second try mends.
            case refused
            /// 200 with an answer that is no answer.
            case nonsense
        }

        var target: String
        var kind: Kind
        var times: Int
        var retryAfterSeconds: Int?
    }

    private let plan = Mutex<[Fault]>([])

    var faults: [Fault] { plan.withLock { $0 } }

    func add(_ fault: Fault) { plan.withLock { $0.append(fault) } }

    func clear() { plan.withLock { $0 = [] } }

    /// The failure that this call shall have; it is used up by the call.
    func take(_ target: String) -> Fault? {
        plan.withLock { plan in
            guard let index = plan.firstIndex(where: { $0.target == target && $0.times > 0 }) else { return nil }
            let fault = plan[index]
            plan[index].times -= 1
            if plan[index].times == 0 { plan.remove(at: index) }
            return fault
        }
    }
}

/// Steers the sandbox: faults, and what it has seen.
struct ControlRoutes {
    let history: History
    let faults: FaultPlan
    let mail: MailSink

    func add(to routes: inout Router) {
        routes.post("/control/faults") { [faults] request in
            let fault = try await request.decode(FaultPlan.Fault.self)
            guard (1...1_000_000).contains(fault.times) else {
                throw Problem.invalid(field: "times", reason: "must be 1 or more")
            }
            faults.add(fault)
            return try .json(.created, fault)
        }
        routes.get("/control/faults") { [faults] _ in try .json(.ok, faults.faults) }
        routes.delete("/control/faults") { [faults] _ in
            faults.clear()
            return .noContent
        }
        routes.get("/history") { [history] _ in try .json(.ok, history.entries) }
        routes.get("/mails") { [mail] _ in try .json(.ok, mail.mails) }
        routes.post("/hooks/{name}") { [history, faults] request in
            let name = try request.parameter("name")
            let body = try await request.body.collect(upTo: 1 << 20)
            let fault = faults.take("webhook")
            var detail = ["body": String(decoding: body, as: UTF8.self)]
            for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
                detail[header] = request.headers[header]
            }
            history.add(
                "webhook", name, key: request.headers["webhook-id"], outcome: fault?.kind.rawValue ?? "ok", detail)
            return HTTPResponse(fault == nil ? .noContent : .serviceUnavailable)
        }
    }
}
