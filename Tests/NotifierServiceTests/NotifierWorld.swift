import Events
import FoundationEssentials
import Primitives
import ServiceTestKit

@testable import NotifierService

/// The notifier, with receivers of webhooks on this machine.
enum NotifierWorld {
    static func run<T: Sendable>(
        _ environment: [String: String] = [:], _ body: (ServiceWorld) async throws -> T
    ) async throws -> T {
        let settings = [
            "WEBHOOK_SEAL_SECRET": String(repeating: "w", count: 32), "WEBHOOK_ALLOW_PRIVATE": "true",
            "HEARTBEAT_MS": "1000",
        ]
        return try await ServiceWorld.run(NotifierApplication.definition, settings.merging(environment) { $1 }, body)
    }
}

extension Person {
    func run(_ status: String, id run: UUID = .v7(), progress: Int = 0) -> RunChanged {
        RunChanged(
            runID: run, workspaceID: workspace, userID: id, workflowID: "film", status: status, progress: progress,
            stepsDone: 0, stepsTotal: 1)
    }
}
