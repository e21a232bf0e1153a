import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives
import ServiceKit
import Telemetry

/// Runs of workflows: start, see, cancel, go on after a failure.
struct RunRoutes {
    let workflows: Workflows
    let store: RunStore
    let driver: RunDriver
    let postgres: PostgresClient
    let tokens: TokenVerifier
    let assets: ResourceDirectory
    let accounts: ResourceDirectory
    /// Whether a project is one of a workspace.
    let projectExists: @Sendable (_ project: UUID, _ workspace: UUID) async throws -> Bool

    private struct NewRun: Decodable {
        let projectId: String
        let input: JSONValue?
    }

    func add(to routes: inout Router) {
        routes.post("/api/v1/workflows/{id}/runs", tokens.authenticated(start))
        routes.get("/api/v1/runs", tokens.authenticated(list))
        routes.get("/api/v1/runs/{id}", tokens.authenticated(show))
        routes.post("/api/v1/runs/{id}/cancel", tokens.authenticated { try await change($0, $1, .cancel) })
        routes.post("/api/v1/runs/{id}/retry", tokens.authenticated { try await change($0, $1, .retry) })
    }

    private func start(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try requireWriter(principal)
        guard let definition = workflows[try request.parameter("id")] else { throw Problem.notFound("workflow") }
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let body = try await request.decode(NewRun.self)
        guard let project = UUID(uuidString: body.projectId) else {
            throw Problem.invalid(field: "projectId", reason: "must be an id")
        }
        let input: JSONValue
        do { input = try definition.checked(body.input ?? [:]) } catch {
            throw Problem.invalid(field: "input.\(error.field)", reason: error.reason)
        }
        try Self.checkSize(input)
        guard try await projectExists(project, principal.workspaceID) else { throw Problem.notFound("project") }
        try await check(input, "assetIds", in: assets, "asset", principal)
        try await check(input, "accountIds", in: accounts, "social account", principal)
        let run = Run(
            id: .v7(), workspaceID: principal.workspaceID, userID: principal.userID, projectID: project,
            definition: definition, definitionID: workflows.versionID(of: definition.id), input: input,
            state: RunState(definition: definition), outputs: nil,
            traceID: Trace.current?.traceID ?? "", traceSampled: Trace.current?.sampled ?? true, createdAt: Date())
        return try await Idempotency.perform(key, on: postgres) { tx in
            let run = try await driver.start(run, in: tx)
            // Steps whose results were known have given something already.
            let outputs = run.state.progress > 0 ? try await store.outputs(of: run.id, in: tx) : [:]
            return try .json(
                .accepted, RunView(run, outputs: outputs), headers: ["Location": "/api/v1/runs/\(run.id.text)"])
        }
    }

    /// The most that a run's input may be: it travels in events, and is read in every step.
    private static let inputLimit = 200_000
    private static let depthLimit = 64

    private static func checkSize(_ input: JSONValue) throws {
        guard input.depth <= depthLimit else {
            throw Problem.invalid(field: "input", reason: "must not be nested deeper than \(depthLimit)")
        }
        guard try JSON.encode(input).count <= inputLimit else {
            throw Problem.invalid(field: "input", reason: "must have \(inputLimit) bytes at most")
        }
    }

    /// Refuses ids that name nothing of this workspace.
    private func check(
        _ input: JSONValue, _ field: String, in directory: ResourceDirectory, _ what: String, _ principal: Principal
    ) async throws {
        let ids = (input[field]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(UUID.init(uuidString:)) }
        guard !ids.isEmpty else { return }
        let missing = try await directory.missing(ids, principal.workspaceID)
        guard missing.isEmpty else {
            let names = missing.map(\.text).sorted().joined(separator: ", ")
            throw Problem.invalid(field: "input.\(field)", reason: "names no \(what) of this workspace: \(names)")
        }
    }

    private func list(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        let limit = try request.pageLimit()
        let runs = try await store.list(
            workspace: principal.workspaceID, project: try request.query.uuid("projectId"),
            before: try request.query.uuid("cursor"), limit: limit + 1, on: postgres)
        // A list tells how each run stands; its outputs are asked for one by one.
        return try .json(
            .ok, Page(runs, limit: limit, cursor: \.id.text, view: { RunView($0, outputs: [:]) }))
    }

    private func show(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        try await view(try request.uuid("id", of: "run"), principal, status: .ok)
    }

    private func change(
        _ request: HTTPRequest, _ principal: Principal, _ event: RunEvent
    ) async throws -> HTTPResponse {
        try requireWriter(principal)
        let id = try request.uuid("id", of: "run")
        try await postgres.withTransaction { tx in
            guard var run = try await store.lock(id, in: tx), run.workspaceID == principal.workspaceID else {
                throw Problem.notFound("run")
            }
            let status = run.state.status
            if event == .cancel, status.isFinal, status != .cancelled {
                throw Problem.conflict("run_ended", "The run has ended: \(status.rawValue).")
            }
            if event == .retry, status != .failed, status != .cancelled {
                throw Problem.conflict(
                    "run_not_failed", "Only a failed or cancelled run can go on: \(status.rawValue).")
            }
            try await driver.apply(event, to: &run, in: tx)
        }
        return try await view(id, principal, status: .accepted)
    }

    private func view(_ id: UUID, _ principal: Principal, status: HTTPStatus) async throws -> HTTPResponse {
        guard let run = try await store.find(id, workspace: principal.workspaceID, on: postgres) else {
            throw Problem.notFound("run")
        }
        return try .json(status, RunView(run, outputs: try await store.outputs(of: id, on: postgres)))
    }
}

extension JSONValue {
    /// How deep lists and objects are nested; 0 for a plain value.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.values.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}
