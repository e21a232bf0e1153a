import FoundationEssentials
import Postgres
import Primitives

/// Who may write an upload, over all replicas: a lease in the upload's row, by the database's clock.
///
/// Each holder has a number of its own (`epoch`). What it records counts only while that number stands there: one that
/// was held up, and lost the lease without noticing, changes nothing any more.
struct LeaseStore: Sendable {
    let postgres: PostgresClient
    /// How long a holder that says nothing keeps it: so long an upload waits whose replica died.
    var lifetime: Duration = .seconds(8)

    enum Answer: Sendable {
        case taken(epoch: Int64)
        /// Somebody else has it, and was told that it is wanted.
        case held
        /// The upload is not open; there is nothing to write.
        case closed
    }

    func take(_ id: UUID) async throws -> Answer {
        let rows = try await postgres.query(
            """
            UPDATE upload SET epoch = epoch + 1, held_until = now() + \(lifetime.seconds) * interval '1 second',
                is_wanted = false
            WHERE id = \(id) AND state = 'open' AND (held_until IS NULL OR held_until < now()) RETURNING epoch
            """)
        if let row = rows.first { return .taken(epoch: try row.decode(Int64.self)) }
        let found = try await postgres.execute("UPDATE upload SET is_wanted = true WHERE id = \(id) AND state = 'open'")
        return found == 1 ? .held : .closed
    }

    /// Goes on holding it; not where it was given back, for a renewal may arrive after that.
    /// - Returns: whether somebody waits for it; `nil` where it is lost, or the upload is over.
    func renew(_ id: UUID, epoch: Int64) async throws -> Bool? {
        try await postgres.query(
            """
            UPDATE upload SET held_until = now() + \(lifetime.seconds) * interval '1 second'
            WHERE id = \(id) AND epoch = \(epoch) AND state = 'open' AND held_until IS NOT NULL RETURNING is_wanted
            """
        ).first?.decode(Bool.self)
    }

    func release(_ id: UUID, epoch: Int64) async throws {
        try await postgres.execute("UPDATE upload SET held_until = NULL WHERE id = \(id) AND epoch = \(epoch)")
    }
}
