/// A transaction that did not end as its body meant it to, with the error of each phase that failed.
///
/// A body that throws and is rolled back in order throws its own error, not this one.
public struct PostgresTransactionError: Error, Sendable, CustomStringConvertible {
    /// What the body threw.
    public let body: (any Error)?
    /// Why the rollback failed; the server rolls back by itself when the connection goes.
    public let rollback: (any Error)?
    /// Why the commit failed.
    public let commit: (any Error)?

    init(body: (any Error)? = nil, rollback: (any Error)? = nil, commit: (any Error)? = nil) {
        self.body = body
        self.rollback = rollback
        self.commit = commit
    }

    /// Whether the transaction certainly was not done and may succeed when run again.
    public var isRetriable: Bool {
        if let commit { return (commit as? PostgresError)?.isRetriable ?? false }
        return (body as? PostgresError)?.isRetriable ?? false
    }

    /// Whether the transaction may have been committed though it failed here.
    public var outcomeUnknown: Bool { (commit as? PostgresError)?.outcomeUnknown ?? false }

    /// The phases that failed, and why.
    public var description: String {
        let parts = [("body", body), ("rollback", rollback), ("commit", commit)]
        let texts = parts.compactMap { name, error in error.map { "\(name) failed (\($0))" } }
        return "postgres transaction: " + texts.joined(separator: ", ")
    }
}
