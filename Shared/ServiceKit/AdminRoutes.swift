public import HTTP
internal import Lifecycle
public import Primitives
internal import Profiling

/// The private listener: whether the process lives, whether it should be sent requests, its numbers, and where its
/// processor time goes.
public enum AdminRoutes {
    /// - Parameters:
    ///   - readiness: why the process is not ready, beside its phase; empty where it is.
    ///   - degradations: the brown-outs that it is in.
    ///   - log: its last warnings and errors, without secrets.
    ///   - metrics: its numbers in Prometheus' text format.
    public static func router(
        phase: PhaseBox, readiness: @escaping @Sendable () async -> [String],
        degradations: @escaping @Sendable () -> [Degradation] = { [] },
        log: @escaping @Sendable () -> JSONValue = { [] }, metrics: @escaping @Sendable () -> String
    ) -> Router {
        var routes = Router()
        routes.get("/health/live") { _ in try .json(.ok, ["status": "live"]) }
        routes.get("/health/ready") { _ in
            var reasons = await readiness()
            let phase = phase.value
            if phase != .running { reasons.append("\(phase)") }
            let report = Report(
                status: reasons.isEmpty ? "ready" : "not ready", reasons: reasons, modes: degradations())
            return try .json(reasons.isEmpty ? .ok : .serviceUnavailable, report)
        }
        routes.get("/metrics") { _ in
            .text(metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        routes.get("/debug/log") { _ in try .json(.ok, log()) }
        routes.get("/debug/profile") { request in try await profile(request.query, phase) }
        return routes
    }

    /// Ends with what it has when the process is told to stop, and without an answer when the client goes.
    private static func profile(_ query: QueryItems, _ phase: PhaseBox) async throws -> HTTPResponse {
        let seconds = try query.int("seconds", default: 10, in: 1...60)
        let hertz = try query.int("hertz", default: 99, in: 1...500)
        do {
            return .text(
                try await CPUProfile.take(.seconds(seconds), hertz: hertz) {
                    phase.value == .starting || phase.value == .running
                })
        } catch is CPUProfile.Busy {
            throw Problem(.conflict, code: "profile_under_way", detail: "A profile is being taken; one at a time.")
        }
    }

    private struct Report: Encodable {
        let status: String
        let reasons: [String]
        let modes: [Degradation]
    }
}
