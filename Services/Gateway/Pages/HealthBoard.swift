internal import FoundationEssentials
internal import HTTP
internal import Lifecycle
internal import NetworkClient
internal import Primitives
internal import ServiceKit
internal import Telemetry

/// Asks the private listener of each service, again and again, whether it is ready and what it lacks; shows it at
/// `/health` and `/api/v1/status`, and lets the breaker of a service that is back close early.
final class HealthBoard: Service {
    let name = "health board"
    private let door: Door
    private let admins: [String]
    private let http: HTTPClient
    private let own: @Sendable () -> [Degradation]
    private let stopped = AsyncTrigger()

    /// - Parameters:
    ///   - admins: the URLs of the private listeners, by the raw values of ``UpstreamName``.
    ///   - own: the brown-outs of the gateway itself.
    init(
        door: Door, admins: [String], http: HTTPClient, own: @escaping @Sendable () -> [Degradation] = { [] }
    ) {
        self.door = door
        self.admins = admins
        self.http = http
        self.own = own
    }

    func run() async throws {
        while !stopped.hasFired {
            await look()
            await stopped.wait(upTo: .seconds(1))
        }
    }

    func stop() async { stopped.fire() }

    private func look() async {
        let reports = await withTaskGroup(of: (Int, HealthReport).self) { group in
            for (index, admin) in admins.enumerated() {
                group.addTask { (index, await self.ask(admin)) }
            }
            var reports = [HealthReport](repeating: HealthReport(), count: self.admins.count)
            for await (index, report) in group { reports[index] = report }
            return reports
        }
        let now = Clock.monotonic() / 1_000_000
        for (upstream, report) in zip(door.upstreams, reports) {
            upstream.setReady(report.isReady, mode: report.modes.first?.name, now: now)
        }
        let named = zip(door.upstreams.map(\.name.text), reports).map { (service: $0, report: $1) }
        if let body = try? JSON.encode(HealthReport.status(named, own: own())) {
            door.pages.setStatus([UInt8](body))
        }
        let all = reports.allSatisfy(\.isReady)
        let document: JSONValue = [
            "status": .string(all ? "ready" : "degraded"),
            "services": .array([["name": "gateway", "ready": true]] + HealthReport.services(named)),
        ]
        if let body = try? JSON.encode(document) { door.pages.setHealth([UInt8](body), isReady: all) }
    }

    private func ask(_ admin: String) async -> HealthReport {
        let request = HTTPClientRequest(.GET, admin + "/health/ready", timeout: .seconds(2))
        guard let answer = try? await http.execute(request) else { return HealthReport() }
        let body = try? await answer.data(upTo: 65_536)
        return HealthReport(isReady: answer.status == .ok, body: body.flatMap { try? JSON.decode(from: $0) } ?? .null)
    }
}
