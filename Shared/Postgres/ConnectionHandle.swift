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
        do {
            guard PQsetnonblocking(opened, 1) == 0 else { throw PostgresError(.connectionFailed, "out of memory") }
            try run(settings(configuration), on: opened, until: .now + .seconds(seconds))
            guard PQenterPipelineMode(opened) == 1 else { throw PostgresError(.connectionFailed, "no pipeline") }
        } catch {
            handle.close()
            throw error
        }
        return handle
    }

    /// Runs a script and waits for its end; a server that hangs is not waited for longer than `deadline`.
    private static func run(
        _ script: String, on connection: OpaquePointer, until deadline: ContinuousClock.Instant
    ) throws {
        let broken = { PostgresError(.connectionFailed, String(cString: PQerrorMessage(connection))) }
        guard PQsendQuery(connection, script) == 1 else { throw broken() }
        var failure: PostgresError?
        while true {
            let isSending = PQflush(connection) == 1
            while PQisBusy(connection) == 0 {
                guard let result = PQgetResult(connection) else {
                    if let failure { throw failure }
                    return
                }
                if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failure ?? PostgresError(result: result) }
                PQclear(result)
            }
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            guard left > 0 else { throw PostgresError(.connectionFailed, "no answer") }
            var entry = pollfd(fd: PQsocket(connection), events: Int16(POLLIN | (isSending ? POLLOUT : 0)), revents: 0)
            _ = poll(&entry, 1, Int32(clamping: left))
            guard PQconsumeInput(connection) == 1 else { throw broken() }
        }
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
        if message.contains("too many c") || message.contains("remaining connection slots") { return "53300" }
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
    /// Whether a server that works has said no: neither silence, nor one that starts or ends.
    var isRefusal: Bool {
        if let sqlState { return !sqlState.hasPrefix("57P") }
        return message.contains("FATAL") && !message.contains("the database system is")
    }

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
