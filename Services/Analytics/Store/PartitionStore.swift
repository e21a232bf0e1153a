import FoundationEssentials
import Postgres
import Primitives

/// The days into which events are divided.
enum PartitionStore {
    /// Makes the days from yesterday to three days ahead, and drops those whose time is over.
    static func keep(retentionDays: Int, now: Date = Date(), on postgres: PostgresClient) async throws {
        for offset in -1...3 { try await make(day(now, offset), on: postgres) }
        let oldest = "event_" + day(now, -retentionDays).name
        let names = try await postgres.query(
            """
            SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'event'::regclass AND c.relname ~ '^event_[0-9]{8}$' AND c.relname < \(oldest)
            """
        ).map { try $0.decode(String.self) }
        for name in names { try await postgres.execute("DROP TABLE IF EXISTS \(identifier: name)") }
        try await postgres.execute(
            "DELETE FROM event_default WHERE at < now() - make_interval(days => \(retentionDays)::integer)")
    }

    /// The first instant from which on every event that came is still there: the days before it were dropped, or were
    /// before the service.
    static func complete(retentionDays: Int, now: Date = Date(), in tx: PostgresTransaction) async throws -> Date {
        let oldest = "event_" + day(now, 1 - retentionDays).name
        return try await tx.query(
            """
            SELECT to_date(substr(greatest(\(oldest), min(c.relname::text)), 7), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC'
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'event'::regclass AND c.relname ~ '^event_[0-9]{8}$'
            """)[0].decode(Date.self)
    }

    private static func make(_ day: (name: String, start: String, end: String), on postgres: PostgresClient)
        async throws
    {
        // The days are made from a clock, not from input. A day for which the default partition has rows already stays
        // there: Postgres refuses to make it (23514), and nothing is lost.
        do {
            try await postgres.execute(
                """
                CREATE TABLE IF NOT EXISTS \(identifier: "event_" + day.name) PARTITION OF event
                FOR VALUES FROM ('\(unescaped: day.start)') TO ('\(unescaped: day.end)')
                """)
        } catch let error as PostgresError where error.isCheckViolation || error.sqlState == "42P07" {}
    }

    private static func day(_ now: Date, _ offset: Int) -> (name: String, start: String, end: String) {
        func text(_ offset: Int) -> Substring { now.addingTimeInterval(Double(offset) * 86_400).rfc3339.prefix(10) }
        let start = text(offset)
        return (start.filter { $0 != "-" }, "\(start)T00:00:00Z", "\(text(offset + 1))T00:00:00Z")
    }
}
