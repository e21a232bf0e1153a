import Crypto
import FoundationEssentials
import Postgres
import Primitives

/// The audit log: append only, each entry chained to the one before by SHA-256 over that entry's hash and this text.
enum AuditStore {
    /// Appends an entry. Do it last in a transaction: until it commits, other entries wait.
    static func append(_ event: AuditEvent, in tx: PostgresTransaction) async throws {
        try await tx.execute(appending(event))
    }

    /// The statement that appends an entry, for a caller that sends it together with others.
    static func appending(_ event: AuditEvent) throws -> PostgresQuery {
        let body = try JSON.text(event)
        return """
            WITH head AS (
                UPDATE audit_head SET seq = seq + 1, hash = sha256(hash || convert_to(\(body)::text, 'UTF8'))
                RETURNING seq, hash)
            INSERT INTO audit_entry (seq, at, action, user_id, body, hash)
            SELECT seq, \(event.at), \(event.action.rawValue), \(event.userId.flatMap(UUID.init(uuidString:)))::uuid,
                \(body), hash FROM head
            """
    }

    /// The first entry that was changed or is missing; `nil` where all are as they were written.
    static func firstBroken(on postgres: PostgresClient) async throws -> Int64? {
        var (previous, next): (Data, Int64) = (Data(), 1)
        while true {
            let rows = try await postgres.query(
                "SELECT seq, body, hash FROM audit_entry WHERE seq >= \(next) ORDER BY seq LIMIT 1000")
            for row in rows {
                let (seq, body, hash) = try row.decode((Int64, String, Data).self)
                guard seq == next, SHA256.hash(previous + Data(body.utf8)) == hash else { return next }
                (previous, next) = (hash, next + 1)
            }
            if rows.isEmpty { break }
        }
        let head = try await postgres.query("SELECT seq, hash FROM audit_head").first?.decode((Int64, Data).self)
        guard let head, head.0 == next - 1, head.1 == previous else { return next }
        return nil
    }
}
