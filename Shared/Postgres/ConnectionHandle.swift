internal import CPostgres
internal import Glibc
internal import Primitives

/// An open libpq connection on its way from the thread that made it to its owner.
struct ConnectionHandle: @unchecked Sendable {  // Moved between threads, never used by two: `Wire` guards it after.
    let pointer: OpaquePointer
    /// Set to 1 when the server ends the session while nothing is under way.
    let ended: UnsafeMutablePointer<Int32>

    /// Connects, blocking; the session gets its settings.
    /// - Throws: ``PostgresError``.
    static func open(_ configuration: PostgresConfiguration) throws -> ConnectionHandle {
        let seconds = max(2, Int(configuration.connectTimeout.seconds.rounded(.up)))
        // Later keywords win over the URL's, earlier ones are its defaults.
        let pairs: [(String, String)] = [
            ("sslmode", "prefer"), ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("dbname", configuration.url), ("connect_timeout", String(seconds)), ("client_encoding", "UTF8"),
            ("application_name", configuration.applicationName),
        ]
        let keywords = pairs.map { strdup($0.0) } + [nil]
        let values = pairs.map { strdup($0.1) } + [nil]
        defer { for text in keywords + values { free(text) } }
        let opened = PQconnectdbParams(
            keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
        guard let opened else { throw PostgresError(.connectionFailed, "out of memory") }
        guard PQstatus(opened) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(opened))
            PQfinish(opened)
            throw PostgresError(.connectionFailed, message, sqlState: refusal(in: message))
        }
        let ended = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        ended.initialize(to: 0)
        atelier_pq_take_notices(opened, ended)
        let handle = ConnectionHandle(pointer: opened, ended: ended)
        guard let result = PQexec(opened, settings(configuration)) else {
            handle.close()
            throw PostgresError(.connectionFailed, "out of memory")
        }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK, PQsetnonblocking(opened, 1) == 0,
            PQenterPipelineMode(opened) == 1
        else {
            let error = PostgresError(result: result)
            handle.close()
            throw error
        }
        return handle
    }

    /// Ends the session.
    func close() {
        PQfinish(pointer)
        ended.deallocate()
    }

    private static func settings(_ configuration: PostgresConfiguration) -> String {
        var sql = """
            SET datestyle = ISO; SET timezone = 'UTC'; SET bytea_output = hex; SET extra_float_digits = 1;
            SET statement_timeout = \(configuration.statementTimeout.milliseconds);
            SET idle_in_transaction_session_timeout = \(configuration.idleInTransactionTimeout.milliseconds);
            """
        if let schema = configuration.schema {
            sql += "SET search_path = \(PostgresQuery.quoted(identifier: schema));"
        }
        return sql
    }

    /// libpq gives no SQLSTATE for a refused connection; the refusals that waiting does not heal are told by their text.
    private static func refusal(in message: String) -> String? {
        if message.contains("password authentication failed") || message.contains("no pg_hba.conf entry") {
            return "28P01"
        }
        if message.contains("database \""), message.contains("does not exist") { return "3D000" }
        if message.contains("role \""), message.contains("does not exist") { return "28000" }
        if message.contains("too many clients") || message.contains("remaining connection slots") { return "53300" }
        if message.contains("invalid connection option") || message.contains("invalid URI") { return "08001" }
        return nil
    }
}

/// What it takes to cancel a statement from another thread.
final class CancelHandle: @unchecked Sendable {  // libpq documents PQcancel as safe in any thread.
    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Sends the request and waits until the server has taken it; blocks.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(pointer, &message, Int32(message.count))
    }
}

extension PostgresError {
    /// The error in a result of the server.
    init(result: OpaquePointer) {
        func text(_ field: UnsafePointer<CChar>?) -> String? { field.map { String(cString: $0) } }
        let primary = text(atelier_pq_message(result)) ?? text(PQresultErrorMessage(result)) ?? ""
        let detail = text(atelier_pq_detail(result)).map { " (\($0))" } ?? ""
        self.init(
            .server, primary + detail, sqlState: text(atelier_pq_sqlstate(result)),
            constraint: text(atelier_pq_constraint(result)), table: text(atelier_pq_table(result)))
    }
}
