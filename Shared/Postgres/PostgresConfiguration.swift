/// How to reach Postgres and how much of it to use.
public struct PostgresConfiguration: Sendable {
    /// A libpq URL, as in `postgresql://user@host:5432/name?sslmode=verify-full`.
    public var url: String
    /// The schema that unqualified names mean; `nil` leaves the server's default.
    public var schema: String?
    /// The name in `pg_stat_activity`.
    public var applicationName: String
    /// Connections at most.
    public var poolSize: Int
    /// How long a caller waits for a connection before ``PostgresError/Code/poolTimeout``.
    public var acquireTimeout: Duration
    /// How long one attempt to connect may take; libpq counts whole seconds, two at least.
    public var connectTimeout: Duration
    /// How long the server works on one statement before it gives up with SQLSTATE 57014.
    public var statementTimeout: Duration
    /// How long the server leaves a transaction open that does nothing, before it ends the connection.
    public var idleInTransactionTimeout: Duration
    /// How long a connection that nobody uses is kept.
    public var idleTimeout: Duration
    /// Statements that one connection keeps prepared; 0 for poolers that share server connections by transaction.
    public var preparedStatements: Int
    /// Callers that may wait for a connection at once.
    public var waitLimit: Int

    /// Settings; all but the URL have defaults.
    public init(
        url: String, schema: String? = nil, applicationName: String = "atelier", poolSize: Int = 10,
        acquireTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(30), idleInTransactionTimeout: Duration = .seconds(60),
        idleTimeout: Duration = .seconds(300), preparedStatements: Int = 256, waitLimit: Int = 10_000
    ) {
        self.url = url
        self.schema = schema
        self.applicationName = applicationName
        self.poolSize = max(1, poolSize)
        self.acquireTimeout = acquireTimeout
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.idleInTransactionTimeout = idleInTransactionTimeout
        self.idleTimeout = idleTimeout
        self.preparedStatements = preparedStatements
        self.waitLimit = waitLimit
    }
}
