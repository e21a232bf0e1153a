internal import CSystem
internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import Telemetry

/// One event loop with its clients, its pool of connections to services, and its share of the bookkeeping.
final class Worker: @unchecked Sendable {  // Touched on its loop's thread only; `stats` is locked.
    let door: Door
    let loop = EventLoop()
    var random = RandomBits()
    var tokens: TokenCache
    let stats: RouteStats
    /// Where one read lands, for clients and for services; used up before the next.
    let clientScratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    let upstreamScratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    private(set) var isDraining = false
    private var idle: [[UpstreamConnection]]
    private var pipes: [Pipe] = []
    private var clients = 0
    private var lines = ByteQueue()
    private var onEmpty: (@Sendable () -> Void)?

    init(door: Door) {
        self.door = door
        tokens = TokenCache(capacity: door.settings.tokenCache)
        stats = RouteStats(routes: door.routes.routes.count)
        idle = Array(repeating: [], count: UpstreamName.allCases.count)
        loop.onTick = { [unowned self] in tick() }
    }

    deinit {
        clientScratch.deallocate()
        upstreamScratch.deallocate()
    }

    /// Serves on a thread of its own until ``drain(_:)`` is done.
    func start() { startThread { self.loop.run() } }

    // MARK: Clients

    /// Serves a connection that was accepted. On the loop's thread.
    func serve(_ descriptor: Int32, _ address: NetworkAddress) {
        guard door.clientArrived() else {
            // Too many: an answer is not owed, but is friendlier than a reset.
            let text: StaticString =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            _ = Socket.write(
                descriptor, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            Glibc.close(descriptor)
            return
        }
        Socket.setNoDelay(descriptor)
        clients += 1
        loop.add(ClientConnection(descriptor: descriptor, peer: address, worker: self))
    }

    func closed(_ client: ClientConnection) {
        clients -= 1
        door.clientLeft()
        endIfEmpty()
    }

    // MARK: The pool

    /// A connection of the pool.
    /// - Parameter mustBeQuiet: whether it is asked if it still lives: the request could not be sent again.
    func takeIdle(_ name: UpstreamName, mustBeQuiet: Bool) -> UpstreamConnection? {
        while let connection = idle[name.rawValue].popLast() {
            if !mustBeQuiet || atelier_net_is_quiet(connection.descriptor) == 1 { return connection }
            // Out of the list already: it is shut as if in use.
            connection.phase = .active
            connection.close()
        }
        return nil
    }

    func addIdle(_ connection: UpstreamConnection) { idle[connection.upstream.name.rawValue].append(connection) }

    func removeIdle(_ connection: UpstreamConnection) {
        idle[connection.upstream.name.rawValue].removeAll { $0 === connection }
    }

    func takePipe() -> Pipe? { pipes.popLast() ?? Pipe() }

    func giveBack(_ pipe: Pipe) {
        // One that is not empty holds bytes of somebody's: it is closed.
        if pipe.filled == 0, pipes.count < 16 { pipes.append(pipe) }
    }

    // MARK: Bookkeeping

    /// An exchange is over: counts it, and writes its line.
    func record(_ exchange: Exchange, client: ClientConnection) {
        let nanoseconds = Clock.monotonic() - exchange.began
        stats.add(route: exchange.route, status: exchange.status, nanoseconds: nanoseconds)
        door.log.write(
            exchange, route: exchange.route.map { door.routes.routes[$0].template } ?? "none", nanoseconds: nanoseconds,
            address: client.addressText, clock: &loop.clock, into: &lines)
        if lines.count > 32_768 { door.log.take(&lines) }
        if door.makesSpans, exchange.trace.isSampled, let route = exchange.route {
            makeSpan(exchange, door.routes.routes[route], nanoseconds)
        }
    }

    private func makeSpan(_ exchange: Exchange, _ route: Route, _ nanoseconds: UInt64) {
        var ids = ByteQueue()
        ids.append(traceID: exchange.trace)
        ids.append(hex: exchange.trace.span, digits: 16)
        ids.append(hex: exchange.trace.parent, digits: 16)
        let text = ids.bytes.text
        let start = Date(timeIntervalSince1970: Double(exchange.beganWall) / 1000)
        SpanExport.record(
            Span(
                trace: Trace(traceID: String(text.prefix(32)), spanID: String(text.dropFirst(32).prefix(16))),
                parentID: exchange.trace.parent == 0 ? nil : String(text.suffix(16)), service: "gateway",
                name: "\(exchange.method?.name ?? "") \(route.template)", start: start,
                end: start.addingTimeInterval(Double(nanoseconds) / 1e9),
                attributes: [
                    "http.request.method": "\(exchange.method?.name ?? "")", "http.route": route.template,
                    "http.response.status_code": String(exchange.status),
                ], kind: .server, failed: exchange.status >= 500))
    }

    private func tick() {
        if !lines.isEmpty { door.log.take(&lines) }
        if isDraining { endIfEmpty() }
    }

    // MARK: The end

    /// Finishes what is in hand and takes nothing new on kept connections; `done` is called when all is finished.
    func drain(_ done: @escaping @Sendable () -> Void) {
        isDraining = true
        onEmpty = done
        for pool in idle { for connection in pool { connection.close() } }
        for case let client as ClientConnection in loop.all {
            // Streams end when we say so; clients connect again elsewhere and go on where they were.
            if client.currentRoute?.isLongLived == true { client.endStream() }
        }
        endIfEmpty()
    }

    /// Ends what is still in hand.
    func cut() {
        for case let client as ClientConnection in loop.all { client.truncate() }
        endIfEmpty()
    }

    private func endIfEmpty() {
        guard isDraining, clients == 0, let done = onEmpty else { return }
        onEmpty = nil
        if !lines.isEmpty { door.log.take(&lines) }
        loop.end()
        done()
    }
}
