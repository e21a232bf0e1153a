internal import Events
internal import FoundationEssentials
internal import Postgres
internal import Primitives

/// The SQL of the inbox: which events a consumer has handled, and which wait to be tried again.
struct Inbox: Sendable {
    let consumer: String
    /// Only for the test of the tests.
    let isOff: Bool

    /// Notes events as handled; those that were not yet are given back.
    func claim(_ ids: [UUID], in tx: PostgresTransaction) async throws -> Set<UUID> {
        let rows = try await tx.query(
            """
            INSERT INTO inbox (consumer, event_id) SELECT \(consumer), unnest(\(ids)::uuid[])
            ON CONFLICT DO NOTHING RETURNING event_id
            """)
        return isOff ? Set(ids) : Set(try rows.map { try $0.decode(UUID.self) })
    }

    /// Notes events as handled in one round trip, but for those whose key has events that wait: they must wait behind.
    /// - Returns: the events that were not noted before, and the keys that have events that wait.
    func claim(
        _ events: [IncomingEvent], in tx: PostgresTransaction
    ) async throws -> (new: Set<UUID>, blocked: Set<String>) {
        let (ids, keys) = (events.map(\.id), events.map(\.key))
        // One statement, one snapshot: an event is either noted or behind one that waits, never neither.
        let rows = try await tx.query(
            """
            WITH waiting AS (
                SELECT DISTINCT key FROM inbox_parked WHERE consumer = \(consumer) AND key = ANY(\(keys)::text[])
            ), noted AS (
                INSERT INTO inbox (consumer, event_id)
                SELECT \(consumer), event.id FROM unnest(\(ids)::uuid[], \(keys)::text[]) AS event (id, key)
                WHERE event.key NOT IN (SELECT key FROM waiting)
                ON CONFLICT DO NOTHING RETURNING event_id
            )
            SELECT event_id, NULL::text FROM noted UNION ALL SELECT NULL::uuid, key FROM waiting
            """)
        var (new, blocked): (Set<UUID>, Set<String>) = ([], [])
        for row in rows {
            let (id, key) = try row.decode((UUID?, String?).self)
            if let id { new.insert(id) }
            if let key { blocked.insert(key) }
        }
        return (isOff ? Set(events.filter { !blocked.contains($0.key) }.map(\.id)) : new, blocked)
    }

    /// Lets an event wait.
    func park(_ event: IncomingEvent, attempts: Int, error: String, delay: Duration, in tx: PostgresTransaction)
        async throws
    {
        let headers = JSONValue.object(event.headers.mapValues { .string($0) })
        try await tx.execute(
            """
            INSERT INTO inbox_parked
                (consumer, event_id, topic, partition, "offset", key, headers, value, attempts, next_at, error)
            VALUES (\(consumer), \(event.id), \(event.topic), \(event.partition), \(event.offset), \(event.key),
                    \(headers), \(event.envelope.payload), \(attempts), now() + make_interval(secs => \(delay.seconds)), \(error))
            ON CONFLICT DO NOTHING
            """)
    }

    /// An event that waits.
    struct Parked: Sendable {
        let seq: Int64
        let attempts: Int
        let event: IncomingEvent
    }

    /// The first waiting event of some key whose time has come, locked; `nil` where there is none.
    func nextParked(in tx: PostgresTransaction) async throws -> Parked? {
        let rows = try await tx.query(
            """
            SELECT seq, attempts, topic, partition, "offset", key, headers, value FROM inbox_parked AS parked
            WHERE consumer = \(consumer) AND next_at <= now() AND NOT EXISTS (
                SELECT 1 FROM inbox_parked AS earlier
                WHERE earlier.consumer = parked.consumer AND earlier.key = parked.key AND earlier.seq < parked.seq)
            ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
            """)
        guard let row = rows.first else { return nil }
        let (seq, attempts, topic, partition, offset, key, headers, value) = try row.decode(
            (Int64, Int, String, Int32, Int64, String, JSONValue, Data).self)
        let text = (headers.objectValue ?? [:]).compactMapValues(\.stringValue)
        let event = try IncomingEvent(
            topic: topic, partition: partition, offset: offset, key: key, headers: text, value: value)
        return Parked(seq: seq, attempts: attempts, event: event)
    }

    /// The time until the first waiting event may be tried again; `nil` where none waits.
    func untilDue(in postgres: PostgresClient) async throws -> Duration? {
        let rows = try await postgres.query(
            """
            SELECT extract(epoch FROM min(next_at) - now())::float8 FROM inbox_parked WHERE consumer = \(consumer)
            """)
        return try rows.first?.decode(Double?.self).map { .seconds($0) }
    }

    func remove(_ parked: Parked, in tx: PostgresTransaction) async throws {
        try await tx.execute("DELETE FROM inbox_parked WHERE seq = \(parked.seq)")
    }

    func postpone(_ parked: Parked, error: String, delay: Duration, in tx: PostgresTransaction) async throws {
        try await tx.execute(
            """
            UPDATE inbox_parked SET attempts = attempts + 1, error = \(error),
                next_at = now() + make_interval(secs => \(delay.seconds))
            WHERE seq = \(parked.seq)
            """)
    }
}
