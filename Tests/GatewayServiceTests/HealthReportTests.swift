import Primitives
import Testing

@testable import GatewayService

@Suite("What services say that they lack")
struct HealthReportTests {
    private func report(_ isReady: Bool, _ modes: [(String, String)]) -> HealthReport {
        let list = modes.map { name, since -> JSONValue in
            ["name": .string(name), "since": .string(since), "meaning": "less"]
        }
        return HealthReport(isReady: isReady, body: ["status": "x", "reasons": [], "modes": .array(list)])
    }

    @Test("a mode of several services stands there once, since its earliest beginning")
    func together() {
        let status = HealthReport.status([
            ("user", report(false, [("database_unavailable", "2026-01-01T00:00:05.000Z")])),
            (
                "project",
                report(
                    false,
                    [
                        ("database_unavailable", "2026-01-01T00:00:02.000Z"),
                        ("broker_unavailable", "2026-01-01T00:00:09.000Z"),
                    ])
            ),
            ("storage", report(true, [])),
        ])
        #expect(status["status"] == "degraded")
        let modes = status["modes"]?.arrayValue ?? []
        #expect(modes.map { $0["name"] } == ["broker_unavailable", "database_unavailable"])
        #expect(modes.last?["since"] == "2026-01-01T00:00:02.000Z")
        #expect(modes.last?["services"] == ["user", "project"])
        #expect(status["services"]?.arrayValue?.map { $0["ready"] } == [false, false, true])
    }

    @Test("all ready and without a mode is ready; ready with one is not whole")
    func whole() {
        #expect(HealthReport.status([("user", report(true, []))])["status"] == "ready")
        let away = report(true, [("broker_unavailable", "2026-01-01T00:00:00.000Z")])
        #expect(HealthReport.status([("user", away)])["status"] == "degraded")
        #expect(HealthReport.status([("user", HealthReport())])["status"] == "degraded")
    }

    @Test(
        "what is no name of a mode, or no report, is not taken over",
        arguments: ["", "Database", "a\"b", "a b", "a\r\nb", String(repeating: "a", count: 65)])
    func names(name: String) {
        #expect(report(false, [(name, "2026-01-01T00:00:00.000Z")]).modes.isEmpty)
        #expect(HealthReport(isReady: false, body: .null) == HealthReport())
        #expect(HealthReport(isReady: false, body: ["modes": [["name": "x"], 7]]).modes.isEmpty)
    }

    @Test("the gateway's own refusal names the mode of a service that it cannot reach")
    func refusal() throws {
        let problem = EdgeProblem.upstream(.user, status: 504, mode: "database_unavailable")
        #expect((problem.status, problem.code) == (503, "database_unavailable"))
        #expect(problem.lines == "Retry-After: 2\r\n")
        let upstream = Upstream(name: .user, host: "h", port: 1, breaker: CircuitBreaker())
        upstream.setReady(false, mode: "database_unavailable", now: 0)
        #expect(upstream.mode == "database_unavailable")
        // A service that is ready refuses what it must itself.
        upstream.setReady(true, mode: "broker_unavailable", now: 1)
        #expect(upstream.mode == nil)
    }
}
