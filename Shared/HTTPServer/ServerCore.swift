internal import HTTP
internal import Synchronization
internal import Telemetry

/// What all requests of a server share.
final class ServerCore: Sendable {
    let router: Router
    let limits: ServerLimits
    let logger: Logger
    let accessLogger: Logger
    let metrics: MetricsRegistry
    let watch: ConnectionWatch
    private let draining = Atomic(false)
    private let exchanges = Mutex(Exchanges())

    private struct Exchanges {
        var open: [ObjectIdentifier: Exchange] = [:]
        var isClosed = false
    }

    init(router: Router, limits: ServerLimits, logger: Logger, metrics: MetricsRegistry) {
        self.router = router
        self.limits = limits
        self.logger = logger
        accessLogger = logger
        self.metrics = metrics
        watch = ConnectionWatch(limits: limits)
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }
    var active: Int { exchanges.withLock { $0.open.count } }

    /// Marks the stop: answers close their connections, endless answers end.
    func drain() {
        draining.store(true, ordering: .relaxed)
        for exchange in all where exchange.isEndless { exchange.cancel() }
    }

    func cancelAll() { for exchange in all { exchange.cancel() } }

    /// Ends every request where it stands, also those whose handlers do not notice that they were cancelled.
    func cutAll() { for exchange in all { exchange.cut() } }

    /// Lets no request begin any more, if none is in hand or `always`. libmicrohttpd ends the process where it is stopped
    /// while a connection is suspended, so nothing may begin between the last look and the stop.
    func close(always: Bool = false) -> Bool {
        exchanges.withLock { exchanges in
            if always || exchanges.open.isEmpty { exchanges.isClosed = true }
            return exchanges.isClosed
        }
    }

    /// Takes a request in hand; `false` once the server is closed to new ones.
    func add(_ exchange: Exchange) -> Bool {
        exchanges.withLock { exchanges in
            guard !exchanges.isClosed else { return false }
            exchanges.open[ObjectIdentifier(exchange)] = exchange
            return true
        }
    }

    func remove(_ exchange: Exchange) {
        exchanges.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    private var all: [Exchange] { exchanges.withLock { Array($0.open.values) } }
}
