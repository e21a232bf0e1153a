internal import CSystem
internal import Glibc

/// A connection to a service: carries one exchange at a time, and waits in the pool between them.
final class UpstreamConnection: Endpoint {
    enum Phase { case connecting, active, idle, tunnel }

    /// How much of the answer's content is still to come.
    enum Answer {
        case head
        case length(Int64)
        case chunked(ChunkDecoder)
        case untilClose
    }

    unowned let worker: Worker
    let upstream: Upstream
    var phase = Phase.connecting
    var client: ClientConnection?
    var parser = ResponseParser()
    var answer = Answer.head
    /// A part of an answer's head.
    var input = ByteQueue()
    /// To be sent.
    var output = ByteQueue()
    /// Whether it served another exchange before.
    var isReused = false
    var connectedAt: UInt64 = 0
    /// When the upstream must have done what is waited for.
    var deadline: UInt64
    private var sentAll = false

    init(descriptor: Int32, upstream: Upstream, worker: Worker) {
        self.worker = worker
        self.upstream = upstream
        deadline = worker.loop.clock.now + worker.door.settings.connectTime
        super.init(descriptor: descriptor)
        upstream.connectionOpened()
    }

    var isConnected: Bool { phase == .active || phase == .tunnel }

    // MARK: Life

    /// Takes an exchange; its head is sent as soon as possible.
    func begin(_ client: ClientConnection, _ exchange: Exchange) {
        self.client = client
        exchange.upstream = self
        exchange.attempts += 1
        answer = .head
        sentAll = false
        parser.reset()
        output.append(exchange.head.bytes)
        guard phase == .idle else { return }
        isReused = true
        phase = .active
        isActive()
    }

    private func isActive() {
        connectedAt = worker.loop.clock.now
        deadline = connectedAt + worker.door.settings.answerTime
        if let exchange = client?.exchange, !exchange.incoming.isDone { client?.pumpContent() }
        // The content may have been refused, and the connection with it.
        guard isOpen else { return }
        flush()
        if client?.exchange?.incoming.isDone == true { requestIsSent() }
    }

    /// Everything of the request was handed over: the time for the answer runs.
    func requestIsSent() {
        guard !sentAll, phase == .active else { return }
        sentAll = true
        deadline = worker.loop.clock.now + worker.door.settings.answerTime
    }

    override func handle(_ events: UInt32) {
        let isLost = note(events)
        switch phase {
        case .connecting:
            let error = Socket.error(of: descriptor)
            if isLost || error != 0 { return fail(.refused) }
            guard isWritable else { return }
            phase = .active
            isActive()
        case .idle: if isLost || isReadable || peerClosed { close() }
        case .active:
            // What came before a reset can still be read.
            if isLost { isReadable = true }
            flush()
            client?.pumpContent()
            pumpAnswer()
        case .tunnel:
            if isLost { client?.abort() } else { client?.pumpTunnel() }
        }
    }

    override func resume() { if phase == .active { pumpAnswer() } }

    override func sweep(now: UInt64) {
        let settings = worker.door.settings
        switch phase {
        case .connecting: if now >= deadline { fail(.connectTimeout) }
        case .idle: if now >= deadline { close() }
        case .tunnel: break
        case .active:
            guard let client, let exchange = client.exchange else { return }
            // While the client is the slow one, the upstream's time does not run.
            let waitsForClient =
                !client.output.isEmpty || (exchange.outPipe?.filled ?? 0) > 0
                || (!exchange.incoming.isDone && output.isEmpty && (exchange.inPipe?.filled ?? 0) == 0)
            if waitsForClient {
                deadline = now + settings.answerTime
            } else if now >= deadline {
                fail(.answerTimeout)
            }
        }
    }

    /// Bytes moved: the upstream is alive.
    func noteSent() { deadline = worker.loop.clock.now + worker.door.settings.answerTime }

    /// The client is not there any more, or was answered otherwise.
    func clientIsGone() {
        client = nil
        close()
    }

    func close() {
        guard isOpen else { return }
        if phase == .idle { worker.removeIdle(self) }
        shut(worker.loop)
        upstream.connectionClosed()
        client = nil
    }

    /// The answer is complete: back to the pool, where the connection can be used again.
    func release() {
        let isReusable = parser.keepsAlive && sentAll && output.isEmpty && input.isEmpty && !peerClosed
        client = nil
        guard isReusable, isOpen, !worker.isDraining else { return close() }
        phase = .idle
        output.release()
        input.release()
        deadline = worker.loop.clock.now + worker.door.settings.poolTime
        worker.addIdle(self)
    }

    // MARK: Failures

    enum Failure: Sendable {
        case refused, connectTimeout, answerTimeout, ended, malformed

        /// The answer that a client gets.
        var status: Int {
            switch self {
            case .refused: 503
            case .connectTimeout, .answerTimeout: 504
            case .ended, .malformed: 502
            }
        }
    }

    /// No answer, or no whole one, will come from this connection.
    func fail(_ failure: Failure) {
        guard isOpen else { return }
        let client = client
        let exchange = client?.exchange
        let nothingCame: Bool = if case .head = answer { !parser.hasBegun && input.isEmpty } else { false }
        let wasConnecting = phase == .connecting
        close()
        guard let client, let exchange, exchange.upstream === self else { return }
        exchange.upstream = nil
        if isReused, nothingCame, failure == .ended, exchange.canBeSentAgain {
            // The upstream closed an idle connection while the request was on its way: not a failure of anybody.
            return client.dispatch(fresh: true)
        }
        upstream.failed(now: worker.loop.clock.now)
        if exchange.hasAnswered { return client.truncate() }
        if wasConnecting, exchange.attempts < min(3, upstream.addressCount) { return client.dispatch(fresh: true) }
        client.refuseUpstream(failure)
    }

    /// The service's HTTP library refused the request by itself, in HTML (our services answer in JSON): says so in the
    /// API's own form.
    func refusedUnread(_ client: ClientConnection, _ exchange: Exchange) {
        let status = parser.status
        close()
        exchange.upstream = nil
        client.refuse(.unread(upstream.name, status: status))
    }

    // MARK: Sending

    /// Sends what is waiting.
    /// - Returns: whether nothing waits any more.
    @discardableResult
    func flush() -> Bool {
        guard isOpen, phase != .connecting else { return output.isEmpty }
        while !output.isEmpty, isWritable {
            switch write(output.bytes) {
            case .moved(let count):
                output.consume(count)
                noteSent()
            case .blocked, .ended: return false
            case .failed:
                // An answer may have come before the connection broke; reading finds it, or the failure.
                isReadable = true
                output.removeAll()
                worker.loop.again(self)
                return false
            }
        }
        return output.isEmpty
    }

    /// Sends bytes, or keeps them until they can be sent.
    func enqueue(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        if rest.count >= 8192, flush(), isWritable, case .moved(let count) = write(rest) {
            noteSent()
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        output.append(rest)
    }

    func enqueueChunk(_ bytes: UnsafeRawBufferPointer) {
        output.append(hex: UInt64(bytes.count))
        output.append("\r\n")
        enqueue(bytes)
        output.append("\r\n")
    }

    func enqueueLastChunk() { output.append("0\r\n\r\n") }
}
