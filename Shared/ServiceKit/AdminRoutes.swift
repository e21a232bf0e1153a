internal import HTTP
internal import Lifecycle
internal import Telemetry

/// The private listener: whether the process lives, whether it should be sent requests, and its numbers.
enum AdminRoutes {
    static func router(
        phase: @escaping @Sendable () -> ServiceGroup.Phase, readiness: @escaping @Sendable () async -> [String],
        metrics: MetricsRegistry
    ) -> Router {
        var routes = Router()
        routes.get("/health/live") { _ in try .json(.ok, ["status": "live"]) }
        routes.get("/health/ready") { _ in
            var reasons = await readiness()
            if phase() != .running { reasons.append("\(phase())") }
            let report = Report(status: reasons.isEmpty ? "ready" : "not ready", reasons: reasons)
            return try .json(reasons.isEmpty ? .ok : .serviceUnavailable, report)
        }
        routes.get("/metrics") { _ in
            .text(metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return routes
    }

    private struct Report: Encodable {
        let status: String
        let reasons: [String]
    }
}
