package import FoundationEssentials
package import Postgres

extension JobStore {
    /// Who does a job, and for how long it is theirs.
    package struct Lease: Sendable {
        /// Host and process.
        package let owner: String
        /// When it goes to others, where its owner says nothing.
        package let until: Date
    }

    /// The jobs of all workspaces, newest first. For an operator; the API shows those of one workspace.
    package func jobs(status: JobStatus?, limit: Int) async throws -> [Job] {
        try await postgres.query(
            """
            SELECT \(Job.columns) FROM job WHERE \(status)::text IS NULL OR status = \(status)
            ORDER BY created_at DESC, id LIMIT \(limit)
            """
        ).map(Job.init)
    }

    /// How many jobs there are of each status.
    package func counts() async throws -> [JobStatus: Int] {
        let rows = try await postgres.query("SELECT status, count(*) FROM job GROUP BY status")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((JobStatus, Int).self) })
    }

    /// A job of any workspace, locked until the transaction ends; `nil` where there is none.
    package func job(_ id: UUID, in transaction: PostgresTransaction) async throws -> Job? {
        try await transaction.query("SELECT \(Job.columns) FROM job WHERE id = \(id) FOR UPDATE").first.map(Job.init)
    }

    /// A job of any workspace with who does it; `nil` where there is none.
    package func shown(_ id: UUID) async throws -> (job: Job, lease: Lease?)? {
        let row = try await postgres.query(
            "SELECT \(Job.columns), job.lease_owner, job.lease_until FROM job WHERE id = \(id)"
        ).first
        guard let row else { return nil }
        let job = try Job(row)
        guard job.status == .running, let owner = try row["lease_owner", as: String?.self],
            let until = try row["lease_until", as: Date?.self]
        else { return (job, nil) }
        return (job, Lease(owner: owner, until: until))
    }
}
