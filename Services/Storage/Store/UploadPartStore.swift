import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives

/// What is durable of an upload in an S3 store. Each change says which writer makes it, and is refused where the upload
/// has another one by now.
struct UploadPartStore: Sendable {
    let postgres: PostgresClient

    /// A number that no other part of this upload has or had: a writer that lost its lease cannot replace a part.
    func number(_ id: UUID, epoch: Int64) async throws -> Int {
        let rows = try await postgres.query(
            """
            UPDATE upload SET last_part = last_part + 1 WHERE id = \(id) AND epoch = \(epoch) AND state = 'open'
            RETURNING last_part
            """)
        guard let row = rows.first else { throw Self.lost }
        return try row.decode(Int.self)
    }

    /// Names the store's multipart upload.
    func begin(_ id: UUID, multipart: String, epoch: Int64) async throws {
        let changed = try await postgres.execute(
            """
            UPDATE upload SET multipart = \(multipart)
            WHERE id = \(id) AND epoch = \(epoch) AND state = 'open' AND multipart IS NULL
            """)
        guard changed == 1 else { throw Self.lost }
    }

    /// Makes what was stored the upload's: the parts behind those that it has, and a tail instead of the one before.
    func record(_ id: UUID, parts: [ObjectPart], bytes: Upload.Bytes, epoch: Int64) async throws {
        try await postgres.withTransaction { tx in
            let before = try await tx.query(
                "SELECT tail_key FROM upload WHERE id = \(id) AND epoch = \(epoch) AND state = 'open' FOR UPDATE")
            guard let before = before.first else { throw Self.lost }
            if let old = try before.decode(String?.self), old != bytes.tailKey {
                try await GarbageStore.add(old, in: tx)
            }
            try await tx.execute(
                """
                UPDATE upload SET stored = \(bytes.stored), hash = \(bytes.hash), tail_key = \(bytes.tailKey),
                    tail_from = \(bytes.tailFrom) WHERE id = \(id)
                """)
            try await tx.execute(
                """
                INSERT INTO upload_part (upload_id, number, tag)
                SELECT \(id), * FROM unnest(\(parts.map(\.number))::integer[], \(parts.map(\.tag))::text[])
                """)
        }
    }

    func bytes(_ id: UUID) async throws -> Upload.Bytes {
        let rows = try await postgres.query(
            "SELECT stored, hash, multipart, tail_key, tail_from FROM upload WHERE id = \(id)")
        guard let row = rows.first else { throw Problem.notFound("upload") }
        let (stored, hash, multipart, tailKey, tailFrom) = try row.decode(
            (Int64, Data?, String?, String?, Int64).self)
        return Upload.Bytes(stored: stored, hash: hash, multipart: multipart, tailKey: tailKey, tailFrom: tailFrom)
    }

    func parts(_ id: UUID) async throws -> [ObjectPart] {
        try await postgres.query("SELECT number, tag FROM upload_part WHERE upload_id = \(id) ORDER BY number").map {
            let (number, tag) = try $0.decode((Int, String).self)
            return ObjectPart(number: number, tag: tag)
        }
    }

    /// Which of some multipart uploads an open upload has.
    func open(among multipart: [String]) async throws -> Set<String> {
        let rows = try await postgres.query(
            "SELECT multipart FROM upload WHERE state = 'open' AND multipart = ANY(\(multipart)::text[])")
        return Set(try rows.map { try $0.decode(String.self) })
    }

    private static let lost = Problem(
        .locked, code: "upload_locked", detail: "Another request took this upload over.", headers: ["Retry-After": "1"])
}
