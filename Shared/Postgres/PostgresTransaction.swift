internal import FoundationEssentials
internal import Synchronization

/// A transaction under way, lent for the time of a closure.
public final class PostgresTransaction: Sendable {
    private enum Phase: Sendable { case unbegun, open, ended }

    private struct State {
        var phase = Phase.unbegun
        var savepoints = 0
        var hooks: [@Sendable () -> Void] = []
    }

    private let connection: Connection
    private let begin: [Statement]
    private let limit: Duration
    private let state = Mutex(State())

    init(_ connection: Connection, begin: [Statement], limit: Duration) {
        self.connection = connection
        self.begin = begin
        self.limit = limit
    }

    /// Runs a statement and returns its rows.
    /// - Throws: ``PostgresError``, `CancellationError`.
    public func query(_ query: PostgresQuery) async throws -> [PostgresRow] {
        PostgresRow.all(of: try await send([Statement(query)])[0])
    }

    /// Runs a statement and returns how many rows it touched.
    /// - Throws: ``PostgresError``, `CancellationError`.
    @discardableResult
    public func execute(_ query: PostgresQuery) async throws -> Int { try await send([Statement(query)])[0].affected }

    /// Runs several statements in one round trip and returns the rows of each. After one that fails, none is run.
    /// - Throws: ``PostgresError`` of the first that failed, `CancellationError`.
    public func batch(_ queries: [PostgresQuery]) async throws -> [[PostgresRow]] {
        if queries.isEmpty { return [] }
        return try await send(queries.map(Statement.init)).map(PostgresRow.all)
    }

    /// Runs the transaction's last statements and commits it, in one round trip; the rows of each statement. All are done
    /// or, where one fails, none. What the body does after it cannot undo them.
    ///
    /// Where they are all that the transaction has, they travel without `BEGIN` and `COMMIT`: what stands before one
    /// synchronisation point of the extended protocol is a transaction.
    /// - Throws: ``PostgresError`` of the first that failed; ``PostgresTransactionError`` where the commit failed.
    public func finish(_ queries: [PostgresQuery]) async throws -> [[PostgresRow]] {
        let phase = state.withLock { $0.phase }
        if phase == .ended { throw PostgresError(.ended, "the transaction") }
        // More than BEGIN: a setting that must hold for these statements too.
        let isWhole = phase == .unbegun && begin.count == 1
        var statements = queries.map(Statement.init)
        if !isWhole {
            if phase == .unbegun { statements = begin + statements }
            statements.append(Statement(control: "COMMIT"))
            // Where one fails, there is something to roll back.
            state.withLock { $0.phase = .open }
        }
        var results = try await connection.run(
            statements, part: isWhole ? .none : .end, limit: limit, honoursCancellation: false)
        guard results.count == statements.count else {
            throw PostgresError(.connectionLost, "answers are missing")
        }
        if !isWhole {
            let end = results.removeLast()
            // A statement that failed before, with the error swallowed by the body.
            guard end.tag == "COMMIT" else { throw Self.rolledBack }
            if phase == .unbegun { results.removeFirst(begin.count) }
        }
        state.withLock { $0.phase = .ended }
        return results.map(PostgresRow.all)
    }

    private static let rolledBack = PostgresError(.server, "rolled back: a statement had failed", sqlState: "25P02")

    /// Runs `body` such that its statements can be undone alone: when it throws, they are, and the transaction goes on.
    /// - Throws: what `body` throws, ``PostgresError``.
    public func savepoint<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> sending T
    ) async throws -> sending T {
        let name = state.withLock { state in
            state.savepoints += 1
            return "atelier_\(state.savepoints)"
        }
        _ = try await send([Statement(control: "SAVEPOINT \(name)")])
        do {
            let value = try await body()
            _ = try await send([Statement(control: "RELEASE \(name)")])
            return value
        } catch {
            _ = try await send(
                [Statement(control: "ROLLBACK TO \(name)"), Statement(control: "RELEASE \(name)")],
                honoursCancellation: false)
            throw error
        }
    }

    /// Calls `hook` once the transaction is committed; never when it is not.
    public func onCommit(_ hook: @escaping @Sendable () -> Void) { state.withLock { $0.hooks.append(hook) } }

    /// Runs the body and ends the transaction as it deserves.
    func run<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresTransaction) async throws -> sending T
    ) async throws -> sending T {
        let value: T
        do {
            value = try await body(self)
        } catch {
            if let rollback = await rollback() { throw PostgresTransactionError(body: error, rollback: rollback) }
            throw error
        }
        do {
            try await commit()
        } catch {
            throw PostgresTransactionError(commit: error)
        }
        return value
    }

    private func commit() async throws {
        let (wasOpen, hooks) = end()
        if wasOpen {
            let results = try await connection.run(
                [Statement(control: "COMMIT")], part: .end, limit: limit, honoursCancellation: false)
            // A transaction that failed before, with the error swallowed by the body, answers ROLLBACK here.
            guard results.first?.tag == "COMMIT" else { throw Self.rolledBack }
        }
        for hook in hooks { hook() }
    }

    private func rollback() async -> (any Error)? {
        guard end().wasOpen, connection.isOpen else { return nil }
        do {
            _ = try await connection.run(
                [Statement(control: "ROLLBACK")], part: .end, limit: limit, honoursCancellation: false)
            return nil
        } catch {
            connection.close()
            return error
        }
    }

    private func end() -> (wasOpen: Bool, hooks: [@Sendable () -> Void]) {
        state.withLock { state in
            defer { state.phase = .ended }
            return (state.phase == .open, state.hooks)
        }
    }

    private func send(_ statements: [Statement], honoursCancellation: Bool = true) async throws -> [ResultSet] {
        let phase = state.withLock { state in
            defer { if state.phase == .unbegun { state.phase = .open } }
            return state.phase
        }
        if phase == .ended { throw PostgresError(.ended, "the transaction") }
        let results = try await connection.run(
            statements, part: .within(begin), limit: limit, honoursCancellation: honoursCancellation)
        guard results.count == statements.count else {
            throw PostgresError(.connectionLost, "answers are missing")
        }
        return results
    }
}
