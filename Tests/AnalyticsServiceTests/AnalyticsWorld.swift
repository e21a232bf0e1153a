import HTTP
import Primitives
import ServiceTestKit

@testable import AnalyticsService

/// Analytics, which folds only where a test says so.
enum AnalyticsWorld {
    static func run<T: Sendable>(_ body: (ServiceWorld) async throws -> T) async throws -> T {
        try await ServiceWorld.run(AnalyticsApplication.definition, ["FOLD_INTERVAL_MS": "600000"], body)
    }
}

extension ServiceWorld {
    /// The metrics of a person's workspace, or project.
    func metrics(_ person: Person, project: Bool = false) async throws -> JSONValue {
        let query = project ? "?projectId=\(person.project.text)" : ""
        let answer = try await send(.GET, "/api/v1/analytics/metrics\(query)", as: person)
        guard answer.status == 200 else { throw Failure(description: "\(answer)") }
        return answer.body
    }
}
