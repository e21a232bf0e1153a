import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// `/api/v1/analytics/…`
struct AnalyticsRoutes: Sendable {
    let postgres: PostgresClient
    let tokens: TokenVerifier

    func add(to routes: inout Router) {
        routes.post("/api/v1/analytics/events", tokens.authenticated(ingest))
        routes.get("/api/v1/analytics/metrics", tokens.authenticated(metrics))
        for (path, name) in [
            ("/api/v1/analytics/insights", "Insights"), ("/api/v1/analytics/trends", "Trends"),
            ("/api/v1/reports", "Reports"),
        ] {
            routes.get(path, tokens.authenticated { _, _ in throw Problem.notImplemented(name) })
        }
    }

    @Sendable private func ingest(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let batch: EventBatch = try await request.decode()
        let events = try batch.checked(principal)
        return try await Idempotency.perform(key, on: postgres) { tx in
            var stored = 0
            for event in events where try await EventStore.add(event, in: tx) { stored += 1 }
            return try .json(
                .accepted, ["received": events.count, "stored": stored, "known": events.count - stored])
        }
    }

    @Sendable private func metrics(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        var project: UUID?
        if let text = request.query["projectId"] {
            guard text.utf8.count == 36, let id = UUID(uuidString: text) else {
                throw Problem.invalid(field: "projectId", reason: "must be an id")
            }
            project = id
        }
        return try .json(
            .ok,
            await MetricsStore(postgres: postgres).metrics(
                workspace: principal.workspaceID, project: project, period: Period(request.query)))
    }
}
