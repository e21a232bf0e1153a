import Auth
import Events
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives

/// All work of the fleet: see it, stop it, begin it anew. The worker that has it is told by command.
struct JobRoutes: Sendable {
    let store: WorkStore
    let outbox: Outbox
    let postgres: PostgresClient
    let tokens: TokenVerifier

    private static let statuses = ["pending", "running", "succeeded", "failed", "cancelled"]

    func add(to routes: inout Router) {
        routes.get("/api/v1/jobs", tokens.authenticated(list))
        routes.get("/api/v1/jobs/{id}", tokens.authenticated(show))
        routes.post("/api/v1/jobs/{id}/cancel", tokens.authenticated(cancel))
        routes.post("/api/v1/jobs/{id}/retry", tokens.authenticated(retry))
    }

    private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let status = request.query["status"]
        if let status, !Self.statuses.contains(status) {
            throw Problem.invalid(field: "status", reason: "must be one of \(Self.statuses.joined(separator: ", "))")
        }
        let cursor = try request.query["cursor"].map { text in
            guard let cursor = WorkCursor(text) else { throw Problem.invalid(field: "cursor", reason: "is not valid") }
            return cursor
        }
        let filter = WorkStore.Filter(
            project: try request.query.uuid("projectId"), run: try request.query.uuid("runId"), status: status)
        let found = try await store.list(
            workspace: principal.workspaceID, filter, after: cursor, limit: limit + 1, on: postgres)
        return try .json(.ok, Page(found, limit: limit, cursor: { WorkCursor($0).text }, view: WorkView.init))
    }

    private func show(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let id = try request.uuid("id", of: "job")
        // A worker has just answered with this id: what it told of it may still be on its way here.
        let isFresh = id.v7Time.map { abs($0.timeIntervalSinceNow) < 10 } ?? false
        let deadline = ContinuousClock.now + (isFresh ? .seconds(2) : .zero)
        while true {
            if let work = try await store.find(id, workspace: principal.workspaceID, on: postgres) {
                return try .json(.ok, WorkView(work))
            }
            guard ContinuousClock.now < deadline else { throw Problem.notFound("job") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func cancel(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try await command(request, principal) { work, worker, tx in
            if work.status == "cancelled" { return }
            guard !work.isFinal else { throw Problem.conflict("job_ended", "The job has ended: \(work.status).") }
            try await outbox.append(
                CancelWork(workID: work.id, worker: worker, reason: "cancelled by a person"), in: tx)
        }
    }

    private func retry(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try await command(request, principal) { work, worker, tx in
            guard work.status == "failed" || work.status == "cancelled" else {
                throw Problem.conflict(
                    "job_not_failed", "Only a failed or cancelled job can be retried: \(work.status).")
            }
            // The run would not take its result: it has given this attempt up.
            guard work.runID == nil else {
                throw Problem.conflict("job_of_a_run", "This job is a step of a run: retry the run.")
            }
            try await outbox.append(RetryWork(workID: work.id, worker: worker), in: tx)
        }
    }

    private func command(
        _ request: HTTPRequest, _ principal: Principal,
        _ body: (Work, Worker, PostgresTransaction) async throws -> Void
    ) async throws -> HTTPResponse {
        try requireWriter(principal)
        let id = try request.uuid("id", of: "job")
        let work = try await postgres.withTransaction { tx in
            guard let work = try await store.find(id, workspace: principal.workspaceID, in: tx),
                let worker = Worker(rawValue: work.worker)
            else { throw Problem.notFound("job") }
            try await body(work, worker, tx)
            return work
        }
        return try .json(.accepted, WorkView(work))
    }
}
