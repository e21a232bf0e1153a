internal import CMicrohttpd
internal import FoundationEssentials
internal import HTTP
internal import Synchronization
internal import Telemetry

/// One request and its answer, between libmicrohttpd's thread and the task of the handler.
///
/// libmicrohttpd calls ``advance(_:_:)`` when something came. Where the handler must act first, the connection is
/// suspended; the handler resumes it: to get content, or with the answer. An answer can be queued only before content
/// was taken or after all of it, so an early answer lets the rest of the content be read and thrown away.
final class Exchange: HTTPBodySource {
    private enum Phase {
        /// The head was read; content was not asked for.
        case head
        /// Content comes.
        case content
        /// All of the request is here.
        case whole
        /// The answer is with libmicrohttpd.
        case answered
    }

    private struct State {
        var connection: ConnectionHandle?
        var phase = Phase.head
        var isSuspended = false
        var wantsContent = false
        var content: ContentBuffer
        var discarded: Int64 = 0
        var remaining: Int64?
        var answer: HTTPResponse?
        var task: Task<Void, Never>?
        var isOver = false
        var isCut = false
    }

    let rawTarget: String
    let record: RequestRecord
    private let server: ServerCore
    private let state: Mutex<State>
    private let upgrade = Mutex<UpgradeTicket?>(nil)
    private let stream = Mutex<StreamOutput?>(nil)
    private let head = Mutex<(request: HTTPRequest, hasContent: Bool, expectsContinue: Bool)?>(nil)

    init(connection: ConnectionHandle, target: String, server: ServerCore) {
        rawTarget = target
        self.server = server
        record = RequestRecord(server: server)
        state = Mutex(
            State(connection: connection, content: ContentBuffer(limit: server.limits.bufferedBytes)))
    }

    /// The head is here: checks it and starts the handler, or answers at once.
    func begin(connection: ConnectionHandle, method: String, version: String) -> Bool {
        let head: RequestHead
        do {
            head = try RequestHead(
                connection: connection.pointer, method: method, target: rawTarget, version: version,
                limits: server.limits)
            if let length = head.contentLength, length > server.limits.bodyBytes {
                throw Problem.contentTooLarge(limit: server.limits.bodyBytes)
            }
        } catch {
            let problem = error as? Problem ?? .internalError
            record.begin(method: method, template: nil, headers: HTTPHeaders())
            return send(problem.response(requestID: record.trace.requestID), on: connection, closing: true)
        }
        var request = HTTPRequest(
            method: head.method, target: rawTarget, headers: head.headers,
            body: head.hasContent ? HTTPBody(self, length: head.contentLength) : .empty,
            remoteAddress: atelier_mhd_client(connection.pointer).map(SocketAddress.text) ?? "")
        let match = server.router.match(request.method, path: request.path)
        record.begin(method: method, template: match.template, headers: head.headers)
        request.parameters = match.parameters
        request.documentLimit = server.limits.documentBytes
        self.head.withLock { $0 = (request, head.hasContent, head.expectsContinue) }
        state.withLock { $0.remaining = head.contentLength }
        // Small JSON is awaited without a task, so that slow senders cost little. Also without content the handler starts
        // with the next call: an answer in this one would make libmicrohttpd close the connection.
        let isJSON = request.contentType?.hasSuffix("json") ?? false
        if let length = head.contentLength, length == 0 || (isJSON && length <= 64 << 10 && !head.expectsContinue) {
            state.withLock { $0.phase = .content }
            record.waitsForContent(length > 0)
            return true
        }
        // What came with the head must be taken now: libmicrohttpd forgets it where the client closes meanwhile. Only
        // where content is announced that is too much to be thrown away does the handler decide before.
        state.withLock { state in
            if mayDiscard(state) {
                state.phase = .content
                record.waitsForContent(true)
            } else {
                suspend(&state)
            }
        }
        start(request, match)
        return true
    }

    /// Something came: content (`bytes`, of which `count` is set to what was left), or a call to go on.
    func advance(_ bytes: UnsafePointer<CChar>?, _ count: UnsafeMutablePointer<Int>) -> Bool {
        if count.pointee > 0, let bytes { return receive(bytes, count) }
        enum Next { case send(HTTPResponse, closing: Bool), wait, start, cut }
        var wake: ContentBuffer.Wake?
        let next = state.withLock { state -> Next in
            if state.isCut { return .cut }
            switch state.phase {
            case .head:
                if let answer = state.answer {
                    guard mayDiscard(state) else {
                        state.phase = .answered
                        return .send(answer, closing: true)
                    }
                    state.phase = .content
                } else if state.wantsContent {
                    state.phase = .content
                } else {
                    suspend(&state)
                }
                return .wait
            case .content:
                state.phase = .whole
                wake = state.content.end()
                fallthrough
            case .whole:
                if let answer = state.answer {
                    state.phase = .answered
                    return .send(answer, closing: false)
                }
                suspend(&state)
                return state.task == nil ? .start : .wait
            case .answered: return .wait
            }
        }
        wake?()
        switch next {
        case .wait: return true
        case .cut: return false
        case .start:
            guard let request = head.withLock({ $0?.request }) else { return false }
            start(request, server.router.match(request.method, path: request.path))
            return true
        case .send(let answer, let closing):
            guard let connection = state.withLock({ $0.connection }) else { return false }
            return send(answer, on: connection, closing: closing)
        }
    }

    private func receive(_ bytes: UnsafePointer<CChar>, _ count: UnsafeMutablePointer<Int>) -> Bool {
        var wake: ContentBuffer.Wake?
        let goesOn = state.withLock { state -> Bool in
            state.phase = .content
            if state.answer != nil {
                state.discarded += Int64(count.pointee)
                count.pointee = 0
                return state.discarded <= server.limits.discardBytes
            }
            record.received(count.pointee)
            if let remaining = state.remaining { state.remaining = remaining - Int64(count.pointee) }
            wake = state.content.append(Data(bytes: bytes, count: count.pointee))
            count.pointee = 0
            // All that came is taken before the client is held back: what stays in libmicrohttpd is lost when the client
            // closes. Content of a small request has no reader yet and is never held back.
            if state.content.isFull, state.task != nil { suspend(&state) }
            return true
        }
        wake?()
        return goesOn
    }

    /// The request is over, in whatever way.
    func finish(completed: Bool) {
        let (wake, task) = state.withLock { state in
            state.isOver = true
            state.connection = nil
            // Who reads content gets what came before the cut, then learns of it; everyone else is stopped.
            let isReading = state.phase == .content && state.wantsContent
            return (state.content.fail(PeerGone()), isReading ? nil : state.task)
        }
        wake?()
        if !completed { task?.cancel() }
        upgrade.withLock { $0 }?.fail()
        stream.withLock { $0 }?.peerGone()
        record.end(completed: completed)
    }

    /// Cancels the handler.
    func cancel() {
        let task = state.withLock { $0.task }
        task?.cancel()
    }

    /// Ends the request where it stands: the connection goes on and is closed by libmicrohttpd.
    func cut() {
        state.withLock { state in
            state.isCut = true
            resume(&state)
        }
        stream.withLock { $0 }?.finish(isWhole: false)
    }

    /// The answer is one that never ends by itself.
    var isEndless: Bool {
        upgrade.withLock { $0 != nil }
            || state.withLock { $0.answer?.headers["Content-Type"] == "text/event-stream" }
    }

    // MARK: The handler's side

    func next() async throws -> Data? {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                let wake = state.withLock { state in
                    state.wantsContent = true
                    let wake = state.content.take(continuation)
                    if !state.content.isFull, state.phase == .head || state.phase == .content { resume(&state) }
                    return wake
                }
                wake?()
            }
        } onCancel: {
            state.withLock { $0.content.cancelReader() }?()
        }
    }

    private func start(_ request: HTTPRequest, _ match: Router.Match) {
        let task = Task { [self] in
            await Trace.$current.withValue(record.trace) {
                let answer = await Router.respond(to: request, by: match, logger: server.logger)
                await deliver(answer, to: request)
            }
        }
        let isOver = state.withLock { state in
            state.task = task
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    private func deliver(_ answer: HTTPResponse, to request: HTTPRequest) async {
        switch answer.body {
        case .stream(_, let write) where request.method != .HEAD:
            guard let connection = state.withLock({ $0.connection }) else { return }
            let output = StreamOutput(connection: connection) { [record] in record.sent($0) }
            stream.withLock { $0 = output }
            offer(answer)
            do {
                try await write(BodyWriter { try await output.write($0) })
                output.finish(isWhole: true)
            } catch {
                if !(error is PeerGone), !(error is CancellationError) {
                    server.logger.error("answer broke off", ["error": .string(String(reflecting: error))])
                }
                // Events may stop anywhere; anything else that is cut must look cut.
                output.finish(isWhole: error is CancellationError && isEndless)
            }
        case .upgrade(let handle):
            let ticket = UpgradeTicket()
            upgrade.withLock { $0 = ticket }
            offer(answer)
            guard let connection = await ticket.wait() else { return }
            await handle(connection)
            connection.close()
        default: offer(answer)
        }
    }

    private func offer(_ answer: HTTPResponse) {
        let wake = state.withLock { state -> ContentBuffer.Wake? in
            guard !state.isOver else { return nil }
            state.answer = answer
            resume(&state)
            // libmicrohttpd sends nothing before it has all content, so what was not read until now is thrown away.
            state.content.clear()
            return state.content.fail(PeerGone())
        }
        wake?()
    }

    private func send(_ answer: HTTPResponse, on connection: ConnectionHandle, closing: Bool) -> Bool {
        var answer = answer
        if let id = record.trace.requestID { answer.headers.set("X-Request-Id", id) }
        record.answered(answer)
        // A stream whose request is HEAD has no writer: only its length is told.
        var output = stream.withLock { $0 }
        if case .stream = answer.body, output == nil {
            output = StreamOutput(connection: connection) { _ in }
            output?.finish(isWhole: true)
        }
        let isUpgrade = if case .upgrade = answer.body { true } else { false }
        return ResponseSender.queue(
            answer, stream: output, on: connection.pointer, closing: (closing || server.isDraining) && !isUpgrade,
            upgrade: upgrade.withLock { $0 })
    }

    private func mayDiscard(_ state: borrowing State) -> Bool {
        guard let head = head.withLock({ $0 }), head.hasContent, !head.expectsContinue else { return false }
        return (state.remaining ?? 0) <= server.limits.discardBytes
    }

    private func suspend(_ state: inout State) {
        guard let connection = state.connection, !state.isSuspended, !state.isCut else { return }
        state.isSuspended = true
        record.waitsForContent(false)
        connection.suspend()
    }

    private func resume(_ state: inout State) {
        guard let connection = state.connection, state.isSuspended else { return }
        state.isSuspended = false
        record.waitsForContent(state.phase == .content || (state.phase == .head && state.wantsContent))
        connection.resume()
    }
}
