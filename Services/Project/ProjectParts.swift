import Auth
import Events
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import ServiceKit
import Telemetry

/// The parts of this service, wired; what runs them (servers, consumers) stands around.
struct ProjectParts: Sendable {
    static let migrations = [
        Migration(id: "V0001_projects", sql: PackageResources.V0001_projects_sql),
        Migration(id: "V0002_runs", sql: PackageResources.V0002_runs_sql),
        Migration(id: "V0003_run_output_deferred", sql: PackageResources.V0003_run_output_deferred_sql),
        Migration(id: "V0004_project_rest", sql: PackageResources.V0004_project_rest_sql),
        Migration(id: "V0005_trace_sampled", sql: PackageResources.V0005_trace_sampled_sql),
    ]

    let projects: ProjectStore
    let runs = RunStore()
    let work = WorkStore()
    let driver: RunDriver
    let routes: Router

    /// - Throws: where a built-in workflow is faulty.
    init(
        postgres: PostgresClient, outbox: Outbox, tokens: TokenVerifier, assets: ResourceDirectory,
        accounts: ResourceDirectory, metrics: MetricsRegistry
    ) throws {
        let projects = ProjectStore(outbox: outbox)
        let runs = self.runs
        let driver = RunDriver(
            store: runs, outbox: outbox, metrics: metrics,
            setProjectStatus: { try await projects.setStatus($0, $1, in: $2) },
            restProject: { try await projects.rest($0, after: $1, from: $2, in: $3) })
        let workflows = try Workflows(documents: [
            PackageResources.film_json, PackageResources.relay_json, PackageResources.tour_json,
        ])
        var routes = Router()
        ProjectRoutes(store: projects, postgres: postgres, tokens: tokens) { project, tx in
            for id in try await runs.open(of: project, in: tx) {
                guard var run = try await runs.lock(id, in: tx) else { continue }
                try await driver.apply(.cancel, to: &run, in: tx)
            }
        }.add(to: &routes)
        JobRoutes(store: work, outbox: outbox, postgres: postgres, tokens: tokens).add(to: &routes)
        WorkflowRoutes(workflows: workflows).add(to: &routes)
        RunRoutes(
            workflows: workflows, store: runs, driver: driver, postgres: postgres, tokens: tokens,
            assets: assets, accounts: accounts
        ) {
            try await projects.find($0, workspace: $1, on: postgres) != nil
        }.add(to: &routes)
        self.projects = projects
        self.driver = driver
        self.routes = routes
    }

    /// What can be made anew: the view of all work, which the workers own.
    static let projections = [
        Projection(
            "work", "jobs as GET /jobs shows them; what their workers told before the oldest event stays as it is",
            from: .log([
                .on(WorkChanged.self) { event, tx in
                    try await tx.execute(WorkStore().taking(event.payload, at: event.time))
                }
            ]))
    ]

    /// Takes in what a worker told: for the view of all work, and for the run that waits for it.
    func take(_ change: WorkChanged, at time: Date, in tx: PostgresTransaction) async throws {
        let noting = work.taking(change, at: time)
        guard RunDriver.concerns(change), let id = change.runID else {
            try await tx.execute(noting)
            return
        }
        let rows = try await tx.batch([noting, runs.locking(id)])
        guard let row = rows[1].first else { return }
        try await driver.take(change, into: runs.decode(row, in: tx), in: tx)
    }

    /// Takes in how a publication stands: one that is out makes its project published.
    func take(_ change: PublicationChanged, in tx: PostgresTransaction) async throws {
        guard let project = change.projectID, ["published", "partially_published"].contains(change.status) else {
            return
        }
        try await projects.published(project, workspace: change.workspaceID, in: tx)
    }
}
