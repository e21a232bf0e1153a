/// What went wrong between this process and Postgres.
///
/// `description` is safe for logs and answers: it names codes and constraints, never values or SQL. All that is known
/// stands in `debugDescription`.
public struct PostgresError: Error, Sendable {
    /// The kind of failure; kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, in snake case.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The server refused or ended a statement; ``PostgresError/sqlState`` says why.
        public static let server = Code("server")
        /// No connection could be made.
        public static let connectionFailed = Code("connection_failed")
        /// The connection broke while a statement was under way: it may have been done or not.
        public static let connectionLost = Code("connection_lost")
        /// The database is known to be away: it was not asked, and is asked as soon as it is back.
        public static let away = Code("away")
        /// No connection came free in time.
        public static let poolTimeout = Code("pool_timeout")
        /// More callers wait for a connection than may wait.
        public static let overloaded = Code("overloaded")
        /// The server was silent past the statement timeout; the connection was given up.
        public static let silent = Code("silent")
        /// The client was stopped.
        public static let stopped = Code("stopped")
        /// A transaction was used after its end.
        public static let ended = Code("ended")
        /// A parameter that Postgres cannot hold, such as text with a NUL.
        public static let invalidParameter = Code("invalid_parameter")
        /// A column is not what the caller asked for.
        public static let decoding = Code("decoding")
        /// A migration that was applied differs from the one in this program.
        public static let migrationChanged = Code("migration_changed")
    }

    /// What kind of failure it is.
    public let code: Code
    /// The five characters of SQLSTATE (PostgreSQL documentation, appendix A), where the server spoke.
    public let sqlState: String?
    /// The constraint that was violated.
    public let constraint: String?
    /// The table that the server named.
    public let table: String?
    /// What the server or libpq said; may hold values.
    public let message: String

    /// An error of this module's own, or of the server's where `sqlState` is given.
    public init(
        _ code: Code, _ message: String = "", sqlState: String? = nil, constraint: String? = nil, table: String? = nil
    ) {
        self.code = code
        self.sqlState = sqlState
        self.constraint = constraint
        self.table = table
        self.message = message
    }

    /// Whether the same transaction may succeed when run again, and certainly was not done.
    public var isRetriable: Bool {
        switch code {
        case .connectionFailed, .away, .poolTimeout, .overloaded: true
        case .server:
            switch sqlState {
            // Serialization failure, deadlock, lock not available.
            case "40001", "40P01", "55P03": true
            // Cannot connect now, too many connections, out of memory, disk full, a plan whose tables were altered.
            case "57P03", "53300", "53200", "53100", "0A000": sqlState != "0A000" || message.hasPrefix("cached plan")
            // The backend was ended, and so was its transaction.
            case "57P01", "57P02", "25P03": true
            default: false
            }
        default: false
        }
    }

    /// Whether two transactions got into each other's way, so that one of them has to be run again.
    public var isConflict: Bool { sqlState == "40001" || sqlState == "40P01" }
    /// Whether a unique constraint or index refused a row; ``constraint`` names it.
    public var isUniqueViolation: Bool { sqlState == "23505" }
    /// Whether a CHECK constraint refused a row.
    public var isCheckViolation: Bool { sqlState == "23514" }
    /// Whether the statement was cancelled, by its timeout or by a request.
    public var isQueryCanceled: Bool { sqlState == "57014" }
    /// Whether the statement may have taken effect though it failed here.
    public var outcomeUnknown: Bool { code == .connectionLost || code == .silent }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Codes and names only: safe anywhere.
    public var description: String {
        var text = "postgres: \(code)"
        if let sqlState { text += " \(sqlState)" }
        if let constraint { text += " constraint \(constraint)" }
        return text
    }

    /// All that is known, values included: for logs of development only.
    public var debugDescription: String { message.isEmpty ? description : "\(description): \(message)" }
}
