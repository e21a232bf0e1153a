import FoundationEssentials
import HTTP
import Postgres
import Primitives
import Synchronization
import Telemetry
import Testing

@testable import ServiceKit

@Suite("Brown-outs")
struct BrownOutTests {
    @Test(
        "a database that is away is refused by name, one that is busy is not called away",
        arguments: [
            (PostgresError.Code.away, "database_unavailable"), (.connectionFailed, "database_unavailable"),
            (.connectionLost, "database_unavailable"), (.silent, "database_unavailable"),
            (.poolTimeout, "unavailable"), (.overloaded, "unavailable"),
        ])
    func problems(code: PostgresError.Code, name: String) {
        let problem = DatabaseProblems.problem(for: PostgresError(code))
        #expect(problem?.status == .serviceUnavailable)
        #expect(problem?.code == name)
        #expect(problem?.headers["Retry-After"] != nil)
    }

    @Test("readiness tells each mode, since when, and what it means")
    func readiness() async throws {
        let since = Date(timeIntervalSince1970: 1_700_000_000)
        let away = Mutex<Date?>(nil)
        let metrics = MetricsRegistry()
        let present: @Sendable () -> [Degradation] = {
            [Degradation(.broker, since: away.withLock { $0 })].compactMap { $0 }
        }
        Degradation.install(in: metrics, present)
        let routes = AdminRoutes.router(phase: PhaseBox(), readiness: { [] }, degradations: present) {
            metrics.text()
        }
        func modes() async throws -> JSONValue? {
            let answer = await routes.respond(to: HTTPRequest(method: .GET, target: "/health/ready"))
            guard case .data(let data) = answer.body else { return nil }
            return try JSON.decode(JSONValue.self, from: data)["modes"]
        }
        #expect(try await modes() == [])
        #expect(metrics.text().contains("service_degraded{mode=\"broker_unavailable\"} 0"))
        away.withLock { $0 = since }
        let told = try #require(try await modes()?.arrayValue?.first)
        #expect(told["name"] == "broker_unavailable")
        #expect(told["since"] == .string(since.rfc3339))
        #expect(told["meaning"] == .string(BrownOut.broker.meaning))
        #expect(metrics.text().contains("service_degraded{mode=\"broker_unavailable\"} 1"))
        #expect(metrics.text().contains("service_degraded{mode=\"database_unavailable\"} 0"))
    }
}
