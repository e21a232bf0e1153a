public import Auth
internal import Crypto
public import FoundationEssentials
public import HTTP
public import Postgres
internal import Primitives

/// Requests that create once, however often they are sent: the header `Idempotency-Key`
/// (draft-ietf-httpapi-idempotency-key-header-07).
///
/// The key, the fingerprint of the request and the answer are stored in the transaction of the creation. The same key
/// again gets the stored answer; with another content it is refused with 422. A request that comes while the first is
/// under way waits for it, and gets 409 where that takes long. An answer that was an error is not kept.
///
/// ```swift
/// let (request, key) = try await IdempotencyKey.read(request, principal)
/// let body = try await request.decode(NewProject.self)
/// return try await Idempotency.perform(key, on: postgres) { tx in … }
/// ```
public enum Idempotency {
    /// The table, for the schema of each service; apply with module `idempotency`.
    public static let migrations = [
        Migration(
            id: "V0001_idempotency",
            sql: """
                CREATE TABLE idempotency_key (
                    scope        text NOT NULL,
                    key          text NOT NULL,
                    fingerprint  bytea NOT NULL,
                    status       int,
                    headers      jsonb,
                    body         bytea,
                    created_at   timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (scope, key)
                );
                CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
                """)
    ]

    /// How long answers are kept, in hours.
    private static let keptHours = 48

    /// Runs `body` in a transaction, once for each key; without a key each time.
    /// - Parameter secret: seals the stored answer: for answers that carry tokens or other secrets.
    /// - Throws: `Problem` 422 and 409 as above; `PostgresError`; what `body` throws.
    public static func perform(
        _ key: IdempotencyKey?, on postgres: PostgresClient, sealedBy secret: String? = nil,
        _ body: (PostgresTransaction) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        guard let key else { return try await postgres.withTransaction { try await body($0) } }
        if Int.random(in: 0..<256) == 0 { try? await purge(on: postgres) }
        return try await postgres.withTransaction { tx in
            if let stored = try await claim(key, sealedBy: secret, in: tx) { return stored }
            let response = try await body(tx)
            try await keep(response, for: key, sealedBy: secret, in: tx)
            return response
        }
    }

    /// Forgets old answers.
    public static func purge(on postgres: PostgresClient) async throws {
        try await postgres.execute(
            """
            DELETE FROM idempotency_key WHERE (scope, key) IN (
                SELECT scope, key FROM idempotency_key
                WHERE created_at < now() - make_interval(hours => \(keptHours)) ORDER BY created_at LIMIT 1000)
            """)
    }

    /// Takes a key for this transaction.
    /// - Returns: the answer that was stored under it, if there is one.
    private static func claim(
        _ key: IdempotencyKey, sealedBy secret: String?, in tx: PostgresTransaction
    ) async throws -> HTTPResponse? {
        do {
            // While another transaction has the key, this waits for its end.
            let rows = try await tx.batch([
                "SET LOCAL lock_timeout = '5s'",
                """
                INSERT INTO idempotency_key (scope, key, fingerprint)
                VALUES (\(key.scope), \(key.key), \(key.fingerprint)) ON CONFLICT DO NOTHING RETURNING true
                """,
                "SET LOCAL lock_timeout = 0",
            ])
            if !rows[1].isEmpty { return nil }
        } catch let error as PostgresError where error.sqlState == "55P03" {
            throw Problem(
                .conflict, code: "idempotency_key_in_use",
                detail: "A request with this Idempotency-Key is still under way.", headers: ["Retry-After": "1"])
        }
        let row = try await tx.query(
            """
            SELECT fingerprint, status, headers, body FROM idempotency_key
            WHERE scope = \(key.scope) AND key = \(key.key)
            """
        ).first
        guard let row else { throw Problem.unavailable() }
        let (fingerprint, status, headers, body) = try row.decode(
            (Data, Int?, PostgresJSON<[String: String]>?, Data?).self)
        guard fingerprint == key.fingerprint else {
            throw Problem(
                .unprocessableContent, code: "idempotency_key_reused",
                detail: "This Idempotency-Key was used with another request.")
        }
        var content = body ?? Data()
        if let secret { content = try AESGCM.open(content, key: sealKey(secret), purpose: Data(key.key.utf8)) }
        var answer = HTTPResponse(HTTPStatus(rawValue: status ?? 200), body: .data(content))
        for (name, value) in headers?.value ?? [:] { answer.headers.set(name, value) }
        answer.headers.set("Idempotency-Replayed", "true")
        return answer
    }

    private static func keep(
        _ response: HTTPResponse, for key: IdempotencyKey, sealedBy secret: String?, in tx: PostgresTransaction
    ) async throws {
        var body = Data()
        if case .data(let data) = response.body { body = data }
        if let secret { body = try AESGCM.seal(body, key: sealKey(secret), purpose: Data(key.key.utf8)) }
        var headers: [String: String] = [:]
        for name in ["Content-Type", "Location"] { headers[name] = response.headers[name] }
        try await tx.execute(
            """
            UPDATE idempotency_key
            SET status = \(response.status.rawValue), headers = \(PostgresJSON(headers)), body = \(body)
            WHERE scope = \(key.scope) AND key = \(key.key)
            """)
    }

    private static func sealKey(_ secret: String) -> Data {
        HMACSHA256.code(for: Data("atelier idempotency v1".utf8), key: Data(secret.utf8))
    }
}

/// A request's `Idempotency-Key`, within the person, workspace and route that it counts for.
public struct IdempotencyKey: Sendable {
    let scope: String
    let key: String
    /// SHA-256 of the content.
    let fingerprint: Data

    /// A key for content that was not kept in memory; see ``field(_:)``.
    /// - Parameter fingerprint: tells two requests apart.
    public init(_ key: String, _ request: HTTPRequest, _ principal: Principal, fingerprint: Data) {
        self.init(
            scope: Self.scope("\(principal.workspaceID.text) \(principal.userID.text)", request), key: key,
            fingerprint: SHA256.hash(fingerprint))
    }

    private init(scope: String, key: String, fingerprint: Data) {
        self.scope = scope
        self.key = key
        self.fingerprint = fingerprint
    }

    /// Reads key and content of a request.
    /// - Returns: the request with its content in memory, to be decoded; and the key, if there is one.
    /// - Throws: `Problem` 400 for a key that is no such thing, 413 over the limit.
    public static func read(
        _ request: HTTPRequest, _ principal: Principal
    ) async throws -> (HTTPRequest, IdempotencyKey?) {
        try await read(request, scope: "\(principal.workspaceID.text) \(principal.userID.text)")
    }

    /// The same where nobody is known yet: `scope` says for whom the key counts.
    public static func read(_ request: HTTPRequest, scope: String) async throws -> (HTTPRequest, IdempotencyKey?) {
        guard let text = try field(request) else { return (request, nil) }
        let content = try await request.body.collect(upTo: request.documentLimit)
        var read = request
        read.body = .data(content)
        let key = IdempotencyKey(
            scope: Self.scope(scope, request), key: text, fingerprint: SHA256.hash(content))
        return (read, key)
    }

    private static func scope(_ scope: String, _ request: HTTPRequest) -> String {
        "\(scope) \(request.method.rawValue) \(request.path)"
    }

    /// The key of a request, if it has one.
    /// - Throws: `Problem` 400 for a key that is no such thing.
    public static func field(_ request: HTTPRequest) throws -> String? {
        guard let field = request.headers["Idempotency-Key"] else { return nil }
        // A structured string (RFC 8941) stands in quotes; many clients leave them out.
        let text =
            field.count >= 2 && field.first == "\"" && field.last == "\"" ? field.dropFirst().dropLast() : field[...]
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem.invalid(field: "Idempotency-Key", reason: "must be 1 to 255 visible ASCII characters")
        }
        return String(text)
    }
}
