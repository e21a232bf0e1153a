internal import CSystem
internal import Glibc

/// A client's connection: reads requests one after the other, and sends each answer before the next request is looked at.
final class ClientConnection: Endpoint {
    enum Phase {
        /// Waits for a request's head, or reads it.
        case head
        /// A head waits for keys with which its token can be checked.
        case parked
        /// A request is on its way, or its answer.
        case exchange
        /// Reads over the rest of a request that was answered early.
        case discarding(Int64)
        /// Sends what is left, then says that nothing more comes, and reads over what the client still sends: a close
        /// with unread bytes would destroy the answer.
        case lingering
        /// Bytes go both ways as they are (WebSocket).
        case tunnel
    }

    unowned let worker: Worker
    let peer: NetworkAddress
    /// The peer's address as text.
    let addressText: [UInt8]
    var phase = Phase.head
    var parser: RequestParser
    /// Read and not yet used.
    var input = ByteQueue()
    /// To be sent.
    var output = ByteQueue()
    var exchange: Exchange?
    /// When the present wait ends, by the loop's clock.
    var deadline: UInt64
    var inPace: Pace
    var outPace: Pace
    var hasShutDown = false
    /// Whether keys were asked for on behalf of the present request.
    var hasAskedForKeys = false
    private var headTimeRuns = true

    init(descriptor: Int32, peer: NetworkAddress, worker: Worker) {
        self.worker = worker
        self.peer = peer
        addressText = Array(peer.text.utf8)
        parser = RequestParser(limits: worker.door.settings.limits)
        inPace = Pace(window: worker.door.settings.paceWindow)
        outPace = inPace
        deadline = worker.loop.clock.now + worker.door.settings.headTime
        super.init(descriptor: descriptor)
    }

    // MARK: Events

    override func handle(_ events: UInt32) {
        if note(events) { return abort() }
        proceed()
    }

    override func resume() { proceed() }

    /// Does what can be done now.
    func proceed() {
        guard isOpen, flush() else { return }
        switch phase {
        case .head: readHeads()
        case .parked: break
        case .exchange:
            // A client that has gone away is noticed at the next write; a stream may have none for long.
            if peerClosed, currentRoute?.isLongLived == true { return abort() }
            pumpContent()
            if output.isEmpty { exchange?.upstream?.pumpAnswer() }
        case .discarding: discard()
        case .lingering: linger()
        case .tunnel: pumpTunnel()
        }
    }

    var currentRoute: Route? { exchange?.route.map { worker.door.routes.routes[$0] } }

    // MARK: Heads

    private func readHeads() {
        while isOpen, case .head = phase {
            if !input.isEmpty {
                guard parse(input.bytes, isInput: true) else { continue }
            }
            guard isReadable else { break }
            let result: Transfer
            if input.isEmpty {
                let scratch = worker.clientScratch
                result = read(into: scratch)
                if case .moved(let count) = result {
                    began()
                    _ = parse(UnsafeRawBufferPointer(rebasing: scratch[..<count]), isInput: false)
                }
            } else {
                result = read(into: UnsafeMutableRawBufferPointer(rebasing: input.space(4096).prefix(16_384)))
                if case .moved(let count) = result { input.commit(count) }
            }
            switch result {
            case .moved: continue
            case .blocked: return
            case .ended, .failed:
                // Between requests this is how connections end; within one, nobody waits for an answer any more.
                if isOpen, case .head = phase { close() }
                return
            }
        }
    }

    /// The first byte of a head has come: the time for it runs. (For a connection's first head, from the beginning.)
    private func began() {
        guard !headTimeRuns else { return }
        headTimeRuns = true
        deadline = worker.loop.clock.now + worker.door.settings.headTime
    }

    /// Looks for a head in bytes that begin where the head begins.
    /// - Returns: whether more bytes are needed.
    private func parse(_ bytes: UnsafeRawBufferPointer, isInput: Bool) -> Bool {
        if isInput { began() }
        do {
            guard case .complete(let length) = try parser.advance(bytes) else {
                if !isInput { input.append(bytes) }
                return true
            }
            phase = .exchange
            admit(bytes, length: length, isInput: isInput)
            return false
        } catch {
            refuseHead(error)
            return false
        }
    }

    /// The head was dealt with: takes it out of the input, and keeps what came after it.
    func consumeHead(_ bytes: UnsafeRawBufferPointer, length: Int, isInput: Bool) {
        if isInput {
            input.consume(length)
        } else if bytes.count > length {
            input.append(UnsafeRawBufferPointer(rebasing: bytes[length...]))
        }
    }

    /// Goes on to the next request, or ends the connection, after an answer was handed over.
    func finish() {
        guard isOpen, let done = exchange else { return }
        exchange = nil
        worker.record(done, client: self)
        inPace.reset()
        outPace.reset()
        if let pipe = done.inPipe { worker.giveBack(pipe) }
        if let pipe = done.outPipe { worker.giveBack(pipe) }
        guard done.keepsAlive, !worker.isDraining else { return beginLinger() }
        parser.reset()
        hasAskedForKeys = false
        headTimeRuns = false
        switch done.incoming {
        case .done: phase = .head
        case .length(let count): phase = .discarding(count)
        case .chunked: return beginLinger()
        }
        deadline = worker.loop.clock.now + (done.incoming.isDone ? worker.door.settings.idleTime : 5_000)
        if flush(), !input.isEmpty || isReadable { worker.loop.again(self) }
    }

    // MARK: Ends

    private func discard() {
        guard case .discarding(var left) = phase else { return }
        while left > 0 {
            if !input.isEmpty {
                let count = Int(min(left, Int64(input.count)))
                input.consume(count)
                left -= Int64(count)
                continue
            }
            guard isReadable else { break }
            let scratch = worker.clientScratch
            let room = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Int(min(left, Int64(scratch.count)))])
            guard case .moved(let count) = read(into: room) else {
                if !isReadable, peerClosed { return close() }
                break
            }
            left -= Int64(count)
        }
        if left > 0 {
            phase = .discarding(left)
        } else {
            phase = .head
            readHeads()
        }
    }

    /// Ends the connection in order, after what is left was sent.
    func beginLinger() {
        phase = .lingering
        deadline = worker.loop.clock.now + 2_000
        if flush() { linger() }
    }

    private func linger() {
        guard output.isEmpty else { return }
        if !hasShutDown {
            hasShutDown = true
            shutdown(descriptor, Int32(SHUT_WR))
        }
        input.removeAll()
        var budget = 16
        while isReadable, budget > 0 {
            budget -= 1
            switch read(into: worker.clientScratch) {
            case .moved: continue
            case .blocked: return
            case .ended, .failed: return close()
            }
        }
        if peerClosed, !isReadable { close() }
    }

    /// The client is lost: whatever was done for it stops.
    func abort() {
        guard isOpen else { return }
        if let exchange {
            exchange.upstream?.clientIsGone()
            exchange.upstream = nil
            if exchange.status == 0 { exchange.status = 499 }
            worker.record(exchange, client: self)
            self.exchange = nil
        }
        close()
    }

    /// Ends an answer that cannot be completed, in a way that the client notices.
    func truncate() {
        guard isOpen else { return }
        Socket.resetOnClose(descriptor)
        abort()
    }

    func close() {
        guard isOpen else { return }
        shut(worker.loop)
        worker.closed(self)
    }

    // MARK: Deadlines

    override func sweep(now: UInt64) {
        let settings = worker.door.settings
        switch phase {
        case .head:
            // A connection that waits has no memory of its own.
            input.release()
            output.release()
            guard now >= deadline else { break }
            if parser.hasBegun || !input.isEmpty { refuseHead(.headTimeout) } else { close() }
        case .parked: if now >= deadline { refuseUnavailable("Tokens cannot be checked at the moment.") }
        case .discarding: if now >= deadline { close() }
        case .lingering:
            // As long as the client still takes what is left, it may; then it has two seconds to close its side.
            if !output.isEmpty {
                if outPace.isTooSlow(now: now, isWaiting: true, rate: settings.minimumRate) { truncate() }
                deadline = now + 2_000
            } else if now >= deadline {
                close()
            }
        case .exchange: sweepExchange(now: now)
        case .tunnel: if now >= deadline { abort() }
        }
        if isOpen, worker.isDraining, case .head = phase, !parser.hasBegun, input.isEmpty { close() }
    }

    private func sweepExchange(now: UInt64) {
        guard let exchange else { return }
        let rate = worker.door.settings.minimumRate
        let waitsToSend = !output.isEmpty || (exchange.outPipe?.filled ?? 0) > 0
        if outPace.isTooSlow(now: now, isWaiting: waitsToSend, rate: rate) { return truncate() }
        if exchange.awaitsContinue, let upstream = exchange.upstream, upstream.isConnected,
            now >= upstream.connectedAt + 1_000
        {
            sendContinue()
            pumpContent()
        }
        let waitsForContent =
            !exchange.incoming.isDone && !exchange.awaitsContinue && !exchange.hasAnswered
            && (exchange.inPipe?.filled ?? 0) == 0
            && (exchange.upstream.map { $0.isConnected && $0.output.isEmpty } ?? false)
        if inPace.isTooSlow(now: now, isWaiting: waitsForContent, rate: rate) {
            exchange.upstream?.clientIsGone()
            exchange.upstream = nil
            refuse(.contentTimeout)
        }
    }

    // MARK: Sending

    /// Sends what is waiting.
    /// - Returns: whether nothing waits any more.
    @discardableResult
    func flush() -> Bool {
        while !output.isEmpty, isWritable {
            switch write(output.bytes) {
            case .moved(let count):
                output.consume(count)
                outPace.add(count)
            case .blocked, .ended: return false
            case .failed:
                abort()
                return false
            }
        }
        return output.isEmpty
    }

    /// Sends bytes, or keeps them until they can be sent; large ones go without being copied.
    func enqueue(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        if rest.count >= 8192, flush(), isWritable {
            if case .moved(let count) = write(rest) {
                outPace.add(count)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        guard isOpen else { return }
        output.append(rest)
    }
}
