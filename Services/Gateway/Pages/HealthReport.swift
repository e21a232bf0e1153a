internal import Primitives
internal import ServiceKit

/// What a service says of itself: whether it is ready, and the brown-outs that it is in.
struct HealthReport: Sendable, Equatable {
    /// A brown-out of one service, as its private listener tells it.
    struct Mode: Sendable, Equatable {
        let name: String
        /// RFC 3339, as it came.
        let since: String
        let meaning: String
    }

    var isReady = false
    var modes: [Mode] = []

    /// Of a service that did not answer.
    init() {}

    /// - Parameter body: what came from `/health/ready`; what is not of its form counts as not said.
    init(isReady: Bool, body: JSONValue) {
        self.isReady = isReady
        modes = (body["modes"]?.arrayValue ?? []).prefix(16).compactMap { mode in
            guard let name = mode["name"]?.stringValue, let since = mode["since"]?.stringValue, Self.isName(name) else {
                return nil
            }
            return Mode(name: name, since: since, meaning: mode["meaning"]?.stringValue ?? "")
        }
    }

    /// Names go into answers as they are.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    }

    /// Which services are ready.
    static func services(_ reports: [(service: String, report: HealthReport)]) -> [JSONValue] {
        reports.map { service, report in ["name": .string(service), "ready": .bool(report.isReady)] }
    }

    /// The brown-outs of the whole fleet, each once with the services that it touches and its earliest beginning.
    /// - Parameter own: those of the gateway itself.
    static func status(
        _ reports: [(service: String, report: HealthReport)], own: [Degradation] = []
    ) -> JSONValue {
        var modes: [String: (mode: Mode, services: [String])] = [:]
        for degradation in own {
            let mode = Mode(
                name: degradation.mode.name, since: degradation.since.rfc3339, meaning: degradation.mode.meaning)
            modes[mode.name] = (mode, ["gateway"])
        }
        for (service, report) in reports {
            for mode in report.modes {
                let known = modes[mode.name]
                let first = known.map { $0.mode.since <= mode.since ? $0.mode : mode } ?? mode
                modes[mode.name] = (first, (known?.services ?? []) + [service])
            }
        }
        let isWhole = modes.isEmpty && reports.allSatisfy(\.report.isReady)
        return [
            "status": .string(isWhole ? "ready" : "degraded"),
            "services": .array(services(reports)),
            "modes": .array(
                modes.sorted { $0.key < $1.key }.map { name, found in
                    [
                        "name": .string(name), "since": .string(found.mode.since),
                        "meaning": .string(found.mode.meaning),
                        "services": .array(found.services.map { .string($0) }),
                    ]
                }),
        ]
    }
}
