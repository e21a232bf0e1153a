internal import Synchronization

/// A connection, lent for the time of a closure.
public final class PostgresConnection: Sendable {
    private let connection: Connection
    private let limit: Duration
    private let hasEnded = Atomic(false)

    init(_ connection: Connection, limit: Duration) {
        self.connection = connection
        self.limit = limit
    }

    func end() { hasEnded.store(true, ordering: .releasing) }

    /// Runs a statement and returns its rows.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func query(_ query: PostgresQuery) async throws -> [PostgresRow] {
        PostgresRow.all(of: try await run([query])[0])
    }

    /// Runs a statement and returns how many rows it touched.
    /// - Throws: ``PostgresError``, `CancellationError`.
    @discardableResult
    public func execute(_ query: PostgresQuery) async throws -> Int { try await run([query])[0].affected }

    private func run(_ queries: [PostgresQuery]) async throws -> [ResultSet] {
        guard !hasEnded.load(ordering: .acquiring) else { throw PostgresError(.ended, "the lent connection") }
        let results = try await connection.run(queries.map(Statement.init), limit: limit)
        guard results.count == queries.count else { throw PostgresError(.connectionLost, "answers are missing") }
        return results
    }
}
