/// One statement as a connection sends it.
struct Statement: Sendable {
    let sql: String
    let parameters: [PostgresParameter]
    /// Whether the server should keep its plan.
    let isReusable: Bool

    init(_ query: PostgresQuery) {
        sql = query.sql
        parameters = query.parameters
        isReusable = true
    }

    /// A statement of the session or of a transaction's frame.
    init(control sql: String) {
        self.sql = sql
        parameters = []
        isReusable = false
    }
}

/// Statements that go out together and come back together, up to one synchronisation point.
struct Operation: Sendable {
    enum Mode: Sendable {
        /// The extended protocol in libpq's pipeline mode: after a failure the rest is skipped.
        case pipeline
        /// The simple protocol: one text that may hold many statements.
        case script
    }

    /// What the operation is to the transaction of its connection.
    enum Part: Sendable {
        case none
        /// Within a transaction, which these statements open where it is not open yet.
        case within([Statement])
        /// Its end.
        case end
    }

    let id: UInt64
    let statements: [Statement]
    let part: Part
    let mode: Mode
    let began: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<[ResultSet], any Error>
}

/// What libpq will answer next within an operation.
enum Expected: Sendable {
    case prepare(sql: String, name: String)
    case result
}
