import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit

/// Projects: make, see, change, delete.
struct ProjectRoutes: Sendable {
    let store: ProjectStore
    let postgres: PostgresClient
    let tokens: TokenVerifier
    /// Ends the runs of a project that is deleted.
    let cancelRuns: @Sendable (_ project: UUID, PostgresTransaction) async throws -> Void

    func add(to routes: inout Router) {
        routes.post("/api/v1/projects", tokens.authenticated(create))
        routes.get("/api/v1/projects", tokens.authenticated(list))
        routes.get("/api/v1/projects/{id}", tokens.authenticated(show))
        routes.patch("/api/v1/projects/{id}", tokens.authenticated(change))
        routes.delete("/api/v1/projects/{id}", tokens.authenticated(delete))
        routes.get("/api/v1/projects/{id}/versions", tokens.authenticated(versions))
    }

    private func create(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let draft = try await request.decode(ProjectDraft.self)
        let title = try draft.checked(isNew: true).title ?? ""
        return try await Idempotency.perform(key, on: postgres) { tx in
            let project = try await store.insert(
                title: title, draft: draft, workspace: principal.workspaceID, owner: principal.userID, in: tx)
            return try .json(
                .created, ProjectView(project), headers: ["Location": "/api/v1/projects/\(project.id.text)"])
        }
    }

    private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let status = try request.query["status"].map { text in
            guard let status = ProjectStatus(rawValue: text) else {
                throw Problem.invalid(field: "status", reason: "is no status of a project")
            }
            return status
        }
        let text = request.query["q"].flatMap { $0.isEmpty ? nil : $0 }
        let found = try await store.list(
            workspace: principal.workspaceID, status: status, text: text,
            before: try request.query.uuid("cursor"), limit: limit + 1, on: postgres)
        return try .json(.ok, Page(found, limit: limit, cursor: \.id.text, view: ProjectView.init))
    }

    private func show(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try .json(.ok, ProjectView(try await find(request, principal)))
    }

    private func change(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let id = try request.uuid("id", of: "project")
        let draft = try await request.decode(ProjectDraft.self)
        let (title, status) = try draft.checked(isNew: false)
        let changed = try await postgres.withTransaction { tx in
            guard var project = try await store.lock(id, workspace: principal.workspaceID, in: tx) else {
                throw Problem.notFound("project")
            }
            if let status {
                guard project.status.canBecome(status, by: .person) else {
                    throw Problem.conflict(
                        "invalid_transition",
                        "A project cannot go from \(project.status.rawValue) to \(status.rawValue).")
                }
                project.status = status
            }
            project.title = title ?? project.title
            project.description = draft.description ?? project.description
            project.type = draft.type ?? project.type
            return try await store.update(project, author: principal.userID, in: tx)
        }
        return try .json(.ok, ProjectView(changed))
    }

    private func delete(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        let id = try request.uuid("id", of: "project")
        _ = try await find(request, principal)
        try await postgres.withTransaction { tx in
            // The runs first, as everywhere: each has its row, then the project's.
            try await cancelRuns(id, tx)
            guard let project = try await store.lock(id, workspace: principal.workspaceID, in: tx) else {
                throw Problem.notFound("project")
            }
            try await store.delete(project, in: tx)
        }
        return .noContent
    }

    private func versions(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let project = try await find(request, principal)
        let limit = try request.pageLimit()
        let before = try request.query["cursor"].map { text in
            guard let number = Int32(text) else { throw Problem.invalid(field: "cursor", reason: "is not valid") }
            return Int(number)
        }
        let found = try await store.versions(of: project.id, before: before, limit: limit + 1, on: postgres)
        return try .json(.ok, Page(found, limit: limit) { String($0.version) })
    }

    private func find(_ request: HTTPRequest, _ principal: Principal) async throws -> Project {
        let id = try request.uuid("id", of: "project")
        guard let project = try await store.find(id, workspace: principal.workspaceID, on: postgres) else {
            throw Problem.notFound("project")
        }
        return project
    }
}

/// Lets only roles pass that may change content.
func requireWriter(_ principal: Principal) throws {
    guard principal.role.canWrite else { throw Problem.forbidden("Your role may read, not change.") }
}
