import Events
import FoundationEssentials
import Postgres

/// People as far as the notifier knows them: addresses and wishes.
enum PeopleStore {
    static func keep(_ person: UserRegistered, in tx: PostgresTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO contact (user_id, workspace_id, email, username)
            VALUES (\(person.userID), \(person.workspaceID), \(person.email), \(person.username))
            ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, username = excluded.username
            """)
    }

    static func address(of user: UUID, in tx: PostgresTransaction) async throws -> String? {
        try await tx.query("SELECT email FROM contact WHERE user_id = \(user)").first?.decode(String.self)
    }

    static func preferences(_ user: UUID, _ workspace: UUID, on postgres: PostgresClient) async throws -> Preferences {
        try await decode(postgres.query(select(user, workspace)))
    }

    static func preferences(_ user: UUID, _ workspace: UUID, in tx: PostgresTransaction) async throws -> Preferences {
        try await decode(tx.query(select(user, workspace)))
    }

    static func keep(
        _ preferences: Preferences, _ user: UUID, _ workspace: UUID, on postgres: PostgresClient
    ) async throws {
        try await postgres.execute(
            """
            INSERT INTO preference (user_id, workspace_id, settings)
            VALUES (\(user), \(workspace), \(PostgresJSON(preferences)))
            ON CONFLICT (user_id, workspace_id) DO UPDATE SET settings = excluded.settings, updated_at = now()
            """)
    }

    private static func select(_ user: UUID, _ workspace: UUID) -> PostgresQuery {
        "SELECT settings FROM preference WHERE user_id = \(user) AND workspace_id = \(workspace)"
    }

    private static func decode(_ rows: [PostgresRow]) throws -> Preferences {
        try rows.first?.decode(PostgresJSON<Preferences>.self).value ?? Preferences()
    }
}
