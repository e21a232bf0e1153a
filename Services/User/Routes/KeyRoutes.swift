import Auth
import FoundationEssentials
import HTTP
import Postgres
import Primitives

/// What the other services verify tokens with: public keys, and sessions that ended early.
struct KeyRoutes: Sendable {
    let keys: KeyRing
    let postgres: PostgresClient
    let serviceTokens: ServiceTokens
    let accessLifetime: Duration

    func add(to routes: inout Router) {
        routes.get("/.well-known/jwks.json") { _ in
            guard keys.isReady else { throw Problem.unavailable("No signing key is ready.") }
            return try .json(.ok, keys.document, headers: ["Cache-Control": "public, max-age=60"])
        }
        routes.group(serviceTokens.middleware) { $0.get("/internal/v1/revocations", revocations) }
    }

    private func revocations(_ request: HTTPRequest) async throws -> HTTPResponse {
        var after = Date().addingTimeInterval(-accessLifetime.seconds - 60)
        if let text = request.query["after"] {
            guard let milliseconds = Int64(text) else { throw Problem.invalid(field: "after", reason: "is no cursor") }
            // Rows become visible when their transaction commits, which may be later than their time says.
            after = max(after, Date(milliseconds: milliseconds).addingTimeInterval(-15))
        }
        let now = Date()
        let entries = try await SessionStore.revoked(after: after, lifetime: accessLifetime, on: postgres)
        // A full answer ends with its last entry; the 15 s of overlap must then not hold the reader in one place.
        let isFull = entries.count == SessionStore.feedLimit
        let end = isFull ? entries.last?.until.addingTimeInterval(-accessLifetime.seconds - 30) : nil
        let cursor = (end?.addingTimeInterval(15) ?? now).milliseconds
        return try .json(.ok, RevocationFeed(entries: entries, cursor: String(cursor)))
    }
}
