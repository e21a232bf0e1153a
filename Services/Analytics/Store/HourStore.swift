import FoundationEssentials
import Postgres
import Primitives

/// Makes the hourly sums anew.
enum HourStore {
    /// What differed.
    struct Difference: Sendable {
        var from: Date
        /// Sums that the events give.
        var due = 0
        /// Sums that were missing or wrong.
        var put = 0
        /// Sums of which there are no events.
        var gone = 0
    }

    private struct OnlyAsked: Error { let found: Difference }

    /// Sums up the events of all days that are still there whole, while events come and sums are read: whoever reads
    /// sees the sums of before or after. Older sums stay, for their events are not there any more.
    /// - Parameter applies: false to ask only.
    static func rebuild(retentionDays: Int, applies: Bool, on postgres: PostgresClient) async throws -> Difference {
        do {
            return try await postgres.withTransaction { tx in
                // No fold meanwhile: an event is in the sums or still to be added, and one statement sees which.
                _ = try await tx.query("SELECT pg_advisory_xact_lock(hashtext('analytics fold'))")
                let from = try await PartitionStore.complete(retentionDays: retentionDays, in: tx)
                let found = try await rebuild(from: from, in: tx)
                if !applies { throw OnlyAsked(found: found) }
                return found
            }
        } catch let asked as OnlyAsked { return asked.found }
    }

    private static func rebuild(from: Date, in tx: PostgresTransaction) async throws -> Difference {
        let zero = EventStore.zero
        let (due, put, gone) = try await tx.query(
            """
            WITH truth AS (
                SELECT coalesce(workspace_id, \(zero)) AS workspace_id, coalesce(project_id, \(zero)) AS project_id,
                    date_trunc('hour', at) AS hour, type, count(*) AS count
                FROM event WHERE at >= \(from) GROUP BY 1, 2, 3, 4),
            waiting AS (
                SELECT workspace_id, project_id, hour, type, count(*) AS count FROM rollup_delta
                WHERE hour >= \(from) GROUP BY 1, 2, 3, 4),
            due AS (
                SELECT workspace_id, project_id, hour, type, t.count - coalesce(w.count, 0) AS count
                FROM truth t LEFT JOIN waiting w USING (workspace_id, project_id, hour, type)
                WHERE t.count > coalesce(w.count, 0)),
            put AS (
                INSERT INTO rollup_hour AS known (workspace_id, project_id, hour, type, count)
                SELECT workspace_id, project_id, hour, type, count FROM due
                ON CONFLICT (workspace_id, hour, project_id, type) DO UPDATE SET count = excluded.count
                    WHERE known.count <> excluded.count
                RETURNING 1),
            gone AS (
                DELETE FROM rollup_hour r WHERE hour >= \(from) AND NOT EXISTS (
                    SELECT 1 FROM due d WHERE (d.workspace_id, d.project_id, d.hour, d.type)
                        = (r.workspace_id, r.project_id, r.hour, r.type))
                RETURNING 1)
            SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM put), (SELECT count(*) FROM gone)
            """)[0].decode((Int, Int, Int).self)
        return Difference(from: from, due: due, put: put, gone: gone)
    }
}
