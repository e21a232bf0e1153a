import Crypto
import FoundationEssentials
import Postgres
import Primitives

/// Signing keys in Postgres, private halves sealed.
struct KeyStore: Sendable {
    let postgres: PostgresClient
    private let sealKey: Data

    init(_ postgres: PostgresClient, secret: String) {
        self.postgres = postgres
        sealKey = HMACSHA256.code(for: Data("atelier signing key v1".utf8), key: Data(secret.utf8))
    }

    /// All keys that are not retired.
    /// - Throws: `CryptoError` where the secret is not the one that they were sealed with.
    func load() async throws -> [KeyRing.Key] {
        let rows = try await postgres.query(
            "SELECT id, signs_from, sealed_private_key FROM signing_key WHERE retired_at IS NULL ORDER BY signs_from")
        return try rows.map { row in
            let (id, signsFrom, sealed) = try row.decode((String, Date, Data).self)
            let pem = try AESGCM.open(sealed, key: sealKey, purpose: Data(id.utf8))
            return KeyRing.Key(
                fact: KeyFact(id: id, signsFrom: signsFrom),
                key: try ES256PrivateKey(pem: String(decoding: pem, as: UTF8.self)))
        }
    }

    /// A key as it is told of.
    struct Entry: Sendable {
        let id: String
        let createdAt: Date
        let signsFrom: Date
        let retiredAt: Date?
    }

    /// The newest keys, those that are retired too.
    func entries(limit: Int) async throws -> [Entry] {
        try await postgres.query(
            """
            SELECT id, created_at, signs_from, retired_at FROM signing_key
            ORDER BY retired_at IS NULL DESC, signs_from DESC LIMIT \(limit)
            """
        ).map { row in
            let (id, created, signs, retired) = try row.decode((String, Date, Date, Date?).self)
            return Entry(id: id, createdAt: created, signsFrom: signs, retiredAt: retired)
        }
    }

    /// Whether there is, or was, a key.
    func has(_ id: String) async throws -> Bool {
        !(try await postgres.query("SELECT 1 FROM signing_key WHERE id = \(id)").isEmpty)
    }

    /// Lets `body` decide on the keys, one process at a time.
    /// - Parameter actor: who the audit says it was.
    func plan(
        by actor: String = "user", _ body: ([KeyFact]) throws -> [KeyPlan.Step]
    ) async throws -> [KeyPlan.Step] {
        try await postgres.withTransaction { tx in
            _ = try await tx.query("SELECT pg_advisory_xact_lock(hashtext('atelier signing keys'))")
            let facts = try await tx.query("SELECT id, signs_from FROM signing_key WHERE retired_at IS NULL").map {
                row in
                let (id, signsFrom) = try row.decode((String, Date).self)
                return KeyFact(id: id, signsFrom: signsFrom)
            }
            let steps = try body(facts)
            for step in steps {
                switch step {
                case .make(let signsFrom): try await make(signsFrom: signsFrom, by: actor, in: tx)
                case .retire(let id): try await retire(id, by: actor, in: tx)
                }
            }
            return steps
        }
    }

    private func make(signsFrom: Date, by actor: String, in tx: PostgresTransaction) async throws {
        let key = try ES256PrivateKey()
        let id = String(SHA256.hash(Data(key.publicKey.pem.utf8)).hex.prefix(24))
        let sealed = try AESGCM.seal(Data(key.pem.utf8), key: sealKey, purpose: Data(id.utf8))
        try await tx.execute(
            """
            INSERT INTO signing_key (id, public_key, sealed_private_key, created_at, signs_from)
            VALUES (\(id), \(key.publicKey.pem), \(sealed), now(), \(signsFrom))
            """)
        try await AuditStore.append(AuditEvent(.keyMade, actor: actor, details: ["key": id]), in: tx)
    }

    private func retire(_ id: String, by actor: String, in tx: PostgresTransaction) async throws {
        // The private half is of no use any more: it goes.
        try await tx.execute(
            "UPDATE signing_key SET retired_at = now(), sealed_private_key = ''::bytea WHERE id = \(id)")
        try await AuditStore.append(AuditEvent(.keyRetired, actor: actor, details: ["key": id]), in: tx)
    }
}
