import FoundationEssentials
import HTTP
import Postgres
import Primitives

/// What another service said that it will put here: an asset or a rendition, until its bytes come.
struct Intent: Codable, Sendable {
    /// Set for a rendition.
    var name: String?
    var workspaceID: UUID
    var assetID: UUID
    var ownerID: UUID?
    var projectID: UUID?
    var filename: String?
    var contentType: String
    var kind: MediaKind?
    var origin: Asset.Origin?
    var provider: String?
    var prompt: String?
    var metadata: JSONValue?
    var width: Int?
    var height: Int?
    var durationMs: Int64?
}

/// Intents in Postgres.
struct IntentStore: Sendable {
    let postgres: PostgresClient

    func insert(_ intent: Intent) async throws -> UUID {
        let id = UUID.v7()
        try await postgres.execute(
            """
            INSERT INTO intent (id, workspace_id, asset_id, details)
            VALUES (\(id), \(intent.workspaceID), \(intent.assetID), \(PostgresJSON(intent)))
            """)
        return id
    }

    /// - Throws: ``Problem`` 404 where it was forgotten.
    func get(_ id: UUID) async throws -> Intent {
        let rows = try await postgres.query("SELECT details FROM intent WHERE id = \(id)")
        guard let row = rows.first else { throw Problem.notFound("upload") }
        return try row.decode(PostgresJSON<Intent>.self).value
    }
}
