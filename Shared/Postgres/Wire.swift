internal import CPostgres
internal import Glibc

/// The state of one connection: libpq's handle, the operations that wait, and what the present one still expects.
///
/// Not thread safe; ``Connection`` guards it. Nothing here blocks: libpq is in non-blocking mode.
struct Wire {
    /// An operation that has ended.
    struct Completion: Sendable {
        let continuation: CheckedContinuation<[ResultSet], any Error>
        let result: Result<[ResultSet], any Error>
    }

    /// The operation under way.
    private struct Active {
        let operation: Operation
        var expected: [Expected]
        /// How many of the answers are to statements that opened the transaction.
        let opening: Int
        var position = 0
        var results: [ResultSet] = []
        var failure: PostgresError?
        var isSynchronised = false
        var isCancelled = false
        var awaitsCancel = false
    }

    private var owned: ConnectionHandle?
    private var handle: OpaquePointer? { owned?.pointer }
    private var active: Active?
    private var waiting: [Operation] = []
    private var cancelledEarly: Set<UInt64> = []
    private var prepared: [String: String] = [:]
    private let preparedLimit: Int
    private var preparedCount = 0
    /// Decided when a statement is sent, not when it is asked for: one that is never sent opens nothing.
    private var isInTransaction = false
    private var completions: [Completion] = []
    private var isWriting = false
    private var watchChange: Bool?
    private var socketToClose: Int32?
    /// Whether a cancel was sent: one that comes late must not meet another's statement.
    private(set) var isTainted = false

    init(handle: ConnectionHandle, preparedLimit: Int) {
        owned = handle
        self.preparedLimit = preparedLimit
    }

    var isOpen: Bool { handle != nil && socketToClose == nil }
    var isIdle: Bool { active == nil && waiting.isEmpty }
    var socket: Int32? { handle.map { PQsocket($0) }.flatMap { $0 >= 0 ? $0 : nil } }
    /// Whether bytes or an end wait to be read.
    var hasInput: Bool {
        guard let socket else { return false }
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) != 0
    }

    var deadline: ContinuousClock.Instant? { active?.operation.deadline }
    var began: ContinuousClock.Instant? { active?.operation.began }

    mutating func takeCompletions() -> [Completion] {
        defer { completions = [] }
        return completions
    }

    mutating func takeWatchChange() -> Bool? {
        defer { watchChange = nil }
        return watchChange
    }

    mutating func takeSocketToClose() -> Int32? {
        handle == nil ? nil : socketToClose
    }

    /// Closes the handle, once the socket is watched no more.
    mutating func release() {
        owned?.close()
        owned = nil
        socketToClose = nil
    }

    // MARK: Sending

    mutating func enqueue(_ operation: Operation) {
        guard isOpen else { return complete(operation, .failure(PostgresError(.connectionFailed, "closed"))) }
        if cancelledEarly.remove(operation.id) != nil { return complete(operation, .failure(CancellationError())) }
        waiting.append(operation)
        startNext()
    }

    private mutating func startNext() {
        while active == nil, !waiting.isEmpty, let handle, socketToClose == nil {
            let operation = waiting.removeFirst()
            do {
                var opening: [Statement] = []
                if case .within(let statements) = operation.part, !isInTransaction { opening = statements }
                let expected = try send(opening + operation.statements, operation.mode, on: handle)
                switch operation.part {
                case .none: break
                case .within: isInTransaction = true
                case .end: isInTransaction = false
                }
                active = Active(operation: operation, expected: expected, opening: opening.count)
                flush()
            } catch let error as PostgresError where error.code == .invalidParameter {
                complete(operation, .failure(error))
            } catch {
                complete(operation, .failure(error))
                fail(PostgresError(.connectionLost, "libpq refused to send"))
            }
        }
    }

    private mutating func send(
        _ statements: [Statement], _ mode: Operation.Mode, on handle: OpaquePointer
    ) throws -> [Expected] {
        if mode == .script {
            guard let script = statements.first else { return [] }
            guard PQexitPipelineMode(handle) == 1, PQsendQuery(handle, script.sql) == 1 else { throw sendFailure() }
            return []
        }
        // All parameters are checked before anything is sent: half an operation cannot be taken back.
        let encoded = try statements.map { try EncodedParameters($0.parameters) }
        var expected: [Expected] = []
        for (statement, parameters) in zip(statements, encoded) {
            var name = prepared[statement.sql]
            if name == nil, statement.isReusable, preparedCount < preparedLimit {
                preparedCount += 1
                let new = "s\(preparedCount)"
                guard PQsendPrepare(handle, new, statement.sql, 0, nil) == 1 else { throw sendFailure() }
                prepared[statement.sql] = new
                expected.append(.prepare(sql: statement.sql, name: new))
                name = new
            }
            let sent = parameters.withPointers { values, lengths, formats in
                if let name {
                    PQsendQueryPrepared(handle, name, parameters.count, values, lengths, formats, 0)
                } else {
                    PQsendQueryParams(handle, statement.sql, parameters.count, nil, values, lengths, formats, 0)
                }
            }
            guard sent == 1 else { throw sendFailure() }
            expected.append(.result)
        }
        guard PQpipelineSync(handle) == 1 else { throw sendFailure() }
        return expected
    }

    private func sendFailure() -> PostgresError {
        PostgresError(.connectionLost, handle.map { String(cString: PQerrorMessage($0)) } ?? "")
    }

    private mutating func flush() {
        guard let handle else { return }
        switch PQflush(handle) {
        case 0:
            if isWriting { (isWriting, watchChange) = (false, false) }
        case 1:
            if !isWriting { (isWriting, watchChange) = (true, true) }
        default: fail(sendFailure())
        }
    }

    // MARK: Receiving

    mutating func receive(into notifications: inout [(String, String)]) {
        guard let handle, socketToClose == nil else { return }
        if isWriting { flush() }
        guard PQconsumeInput(handle) == 1 else {
            // What came before the end may hold the reason.
            advance()
            return fail(sendFailure())
        }
        advance()
        while let notification = PQnotifies(handle) {
            notifications.append(
                (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        if PQstatus(handle) == CONNECTION_BAD { fail(sendFailure()) }
        if owned?.ended.pointee == 1 { fail(PostgresError(.connectionLost, "the server ended the session")) }
    }

    private mutating func advance() {
        var silentAnswers = 0
        while var current = active, let handle, !current.isSynchronised, PQisBusy(handle) == 0 {
            guard let result = PQgetResult(handle) else {
                if current.operation.mode == .script {
                    current.isSynchronised = true
                    active = current
                    break
                }
                // A nil ends each statement of a pipeline; more than a few in a row mean that libpq has lost its place.
                silentAnswers += 1
                if silentAnswers > 4 { return fail(PostgresError(.connectionLost, "the pipeline is out of step")) }
                continue
            }
            silentAnswers = 0
            take(result, &current)
            active = current
        }
        endIfComplete()
    }

    private mutating func take(_ result: OpaquePointer, _ current: inout Active) {
        let status = PQresultStatus(result)
        if status == PGRES_PIPELINE_SYNC {
            current.isSynchronised = true
            return PQclear(result)
        }
        let expected: Expected
        if current.operation.mode == .script {
            expected = .result
        } else {
            guard current.position < current.expected.count else {
                // An error outside of any statement, such as the end of the backend.
                if status == PGRES_FATAL_ERROR { current.failure = current.failure ?? PostgresError(result: result) }
                return PQclear(result)
            }
            expected = current.expected[current.position]
            current.position += 1
        }
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            if case .result = expected { return current.results.append(ResultSet(owning: result)) }
        default:
            if case .prepare(let sql, _) = expected { prepared[sql] = nil }
            if status == PGRES_FATAL_ERROR {
                let error = PostgresError(result: result)
                current.failure = current.failure ?? error
                // Plans that no longer fit are made anew: altered tables, or a pooler that swapped the server session.
                if error.sqlState == "26000" || error.sqlState == "0A000" { prepared = [:] }
            } else if status != PGRES_PIPELINE_ABORTED {
                current.failure = current.failure ?? PostgresError(.server, "COPY is not spoken here")
            }
        }
        PQclear(result)
    }

    private mutating func endIfComplete() {
        guard let current = active, current.isSynchronised, !current.awaitsCancel else { return }
        active = nil
        if current.operation.mode == .script, let handle, PQenterPipelineMode(handle) != 1 {
            complete(current.operation, .failure(PostgresError(.connectionLost, "no way back to the pipeline")))
            return fail(PostgresError(.connectionLost))
        }
        if let failure = current.failure {
            let isCancellation = current.isCancelled && failure.isQueryCanceled
            complete(current.operation, .failure(isCancellation ? CancellationError() : failure))
        } else {
            complete(current.operation, .success(Array(current.results.dropFirst(current.opening))))
        }
        startNext()
    }

    // MARK: Cancelling and failing

    /// Notes that an operation's task was cancelled.
    /// - Returns: what to cancel it with, where it is under way.
    mutating func cancel(_ id: UInt64) -> CancelHandle? {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            complete(waiting.remove(at: index), .failure(CancellationError()))
            return nil
        }
        guard active?.operation.id == id else {
            if isOpen { cancelledEarly.insert(id) }
            return nil
        }
        guard let handle, let cancel = CancelHandle(handle) else { return nil }
        isTainted = true
        active?.isCancelled = true
        active?.awaitsCancel = true
        return cancel
    }

    /// Drops the note of a cancellation that came after the end.
    mutating func forget(_ id: UInt64) { cancelledEarly.remove(id) }

    /// The server has taken the request to cancel: the operation may end now.
    mutating func cancelWasSent(_ id: UInt64) {
        guard active?.operation.id == id else { return }
        active?.awaitsCancel = false
        endIfComplete()
    }

    /// Gives the connection up; all operations fail.
    mutating func fail(_ error: PostgresError) {
        guard handle != nil, socketToClose == nil else { return }
        socketToClose = socket ?? -1
        if let current = active {
            active = nil
            // The server's own last words (an ended backend) say more than the broken socket.
            let last = current.failure?.sqlState.map { $0.hasPrefix("57P") } == true ? current.failure : nil
            complete(current.operation, .failure(last ?? error))
        }
        for operation in waiting { complete(operation, .failure(PostgresError(.connectionFailed, "closed"))) }
        waiting = []
        cancelledEarly = []
    }

    private mutating func complete(_ operation: Operation, _ result: Result<[ResultSet], any Error>) {
        cancelledEarly.remove(operation.id)
        completions.append(Completion(continuation: operation.continuation, result: result))
    }
}
