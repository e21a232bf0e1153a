import FoundationEssentials
import Postgres

extension RunStore {
    /// The runs of a project that have not ended.
    func open(of project: UUID, in tx: PostgresTransaction) async throws -> [UUID] {
        try await tx.query(
            "SELECT id FROM run WHERE project_id = \(project) AND status IN ('pending', 'running') ORDER BY id"
        ).map { try $0.decode(UUID.self) }
    }
}
