internal import CMicrohttpd
internal import Execution
internal import FoundationEssentials
internal import Glibc
public import HTTP
public import Lifecycle
internal import Primitives
internal import Synchronization
public import Telemetry

/// Serves a ``Router`` over HTTP/1.1: libmicrohttpd's threads do the sockets, each handler runs as a task.
///
/// Content streams both ways with back pressure, files are sent by `sendfile`. Each request is a span, a line in the
/// access log and one in `http_server_requests_total` and `http_server_request_duration_seconds`.
public final class HTTPServer: Service {
    public let name: String
    private let core: ServerCore
    private let host: String
    private let port: Int
    private let daemon = Mutex<Handle?>(nil)
    private let listening = AsyncTrigger()
    private let stopping = AsyncTrigger()
    private let stopped = AsyncTrigger()
    private let actualPort = Atomic(0)

    /// libmicrohttpd's daemon and the socket it listens on.
    private struct Handle: @unchecked Sendable {  // libmicrohttpd's functions on a daemon are thread safe.
        let daemon: OpaquePointer
        let context: UnsafeMutableRawPointer
    }

    /// - Parameters:
    ///   - host: the address to listen on.
    ///   - port: 0 takes a free one; see ``boundPort``.
    public init(
        router: Router, host: String = "127.0.0.1", port: Int, name: String = "http", limits: ServerLimits = .init(),
        logger: Logger, metrics: MetricsRegistry = .shared
    ) {
        self.name = name
        self.host = host
        self.port = port
        core = ServerCore(router: router, limits: limits, logger: logger, metrics: metrics)
        let labels = ["server": name]
        metrics.onScrape { [weak core] metrics in
            guard let core else { return }
            metrics.gauge("http_server_active_requests", "Requests in hand.", labels, Double(core.active))
            metrics.gauge("http_server_open_connections", "Open connections.", labels, Double(core.watch.count))
        }
    }

    /// The port that is listened on; 0 before ``start()``.
    public var boundPort: Int { actualPort.load(ordering: .acquiring) }

    /// Opens the socket and begins to serve.
    /// - Throws: ``ListenError``.
    public func start() throws {
        let (socket, bound) = try ListenSocket.open(host: host, port: port)
        let limits = core.limits
        // Released in `shutDown`, after libmicrohttpd's threads have ended.
        let context = Unmanaged.passRetained(core).toOpaque()
        var settings = atelier_mhd_settings(
            listen_socket: socket, threads: UInt32(limits.threads), connection_limit: UInt32(limits.connections),
            connection_memory: limits.connectionBuffer, idle_timeout_seconds: UInt32(limits.idle.seconds),
            access: serverAccess, uri: serverURI, completed: serverCompleted, connection: serverConnection, cls: context
        )
        guard let started = atelier_mhd_start(&settings) else {
            Unmanaged<ServerCore>.fromOpaque(context).release()
            close(socket)
            throw ListenError(address: "\(host):\(port)", reason: "libmicrohttpd did not start")
        }
        daemon.withLock { $0 = Handle(daemon: started, context: context) }
        actualPort.store(bound, ordering: .releasing)
        listening.fire()
    }

    /// Serves until ``stop()``; starts where ``start()`` was not called yet.
    public func run() async throws {
        if boundPort == 0 { try start() }
        core.logger.info("listening", ["part": .string(name), "host": .string(host), "port": .int(Int64(boundPort))])
        while !stopping.hasFired, !Task.isCancelled {
            core.watch.sweep()
            await stopping.wait(upTo: .milliseconds(250))
        }
        if !stopping.hasFired { await stop() }
        await stopped.wait()
    }

    public func ready() async throws { await listening.wait() }

    /// Takes no more connections, lets requests in hand end, then closes.
    public func stop() async {
        stopping.fire()
        guard let handle = daemon.withLock({ $0.take() }) else { return stopped.fire() }
        let socket = MHD_quiesce_daemon(handle.daemon)
        core.drain()
        if !(await isClosed(within: core.limits.drain)) {
            core.logger.warning("requests cut by the stop", ["count": .int(Int64(core.active))])
            core.cancelAll()
            if !(await isClosed(within: .seconds(2))) {
                _ = core.close(always: true)
                core.cutAll()
                // To stop a daemon with a suspended connection would end the process: rather leave its threads.
                guard await isClosed(within: .seconds(2), andEmpty: true) else { return stopped.fire() }
            }
        }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            startThread {
                MHD_stop_daemon(handle.daemon)
                if socket >= 0 { close(socket) }
                Unmanaged<ServerCore>.fromOpaque(handle.context).release()
                continuation.resume()
            }
        }
        stopped.fire()
    }

    /// Waits until no request is in hand and none can begin.
    private func isClosed(within limit: Duration, andEmpty: Bool = false) async -> Bool {
        let end = ContinuousClock.now + limit
        while !core.close() || (andEmpty && core.active > 0) {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}

// MARK: Called by libmicrohttpd on its threads; `context` is the `ServerCore`, retained while the daemon lives.

/// The request line was read: makes the exchange, which libmicrohttpd keeps as the request's context.
func serverURI(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let target, let connection else { return nil }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Exchange(
        connection: ConnectionHandle(pointer: connection), target: String(cString: target), server: core)
    // Released in `serverCompleted`.
    return Unmanaged.passRetained(exchange).toOpaque()
}

/// The head is here, or content, or a suspended connection goes on.
func serverAccess(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ bytes: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let method, let version, let count, let pointer = request?.pointee else {
        return ATELIER_MHD_NO
    }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    let goesOn: Bool
    if exchange.record.isFirstCall() {
        guard core.add(exchange) else { return ATELIER_MHD_NO }
        core.watch.requestBegan(connection, exchange.record) { [weak exchange] in exchange?.cancel() }
        goesOn = exchange.begin(
            connection: ConnectionHandle(pointer: connection), method: String(cString: method),
            version: String(cString: version))
    } else {
        goesOn = exchange.advance(bytes, count)
    }
    return goesOn ? ATELIER_MHD_YES : ATELIER_MHD_NO
}

/// The request is over.
func serverCompleted(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
    guard let context, let pointer = request?.pointee else { return }
    request?.pointee = nil
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
    if let connection { core.watch.requestEnded(connection) }
    core.remove(exchange)
    exchange.finish(completed: atelier_mhd_did_complete(code) != 0)
}

/// A connection was opened or is about to be closed.
func serverConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ own: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection else { return }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    if atelier_mhd_did_start(code) != 0 {
        core.watch.opened(connection, socket: atelier_mhd_socket(connection))
    } else {
        core.watch.closed(connection)
    }
}
