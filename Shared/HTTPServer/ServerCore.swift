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
    private let exchanges = Mutex<[ObjectIdentifier: Exchange]>([:])

    init(router: Router, limits: ServerLimits, logger: Logger, metrics: MetricsRegistry) {
        self.router = router
        self.limits = limits
        self.logger = logger
        accessLogger = logger
        self.metrics = metrics
        watch = ConnectionWatch(limits: limits)
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }
    var active: Int { exchanges.withLock { $0.count } }

    /// Marks the stop: answers close their connections, endless answers end.
    func drain() {
        draining.store(true, ordering: .relaxed)
        for exchange in all where exchange.isEndless { exchange.cancel() }
    }

    func cancelAll() { for exchange in all { exchange.cancel() } }

    func add(_ exchange: Exchange) { exchanges.withLock { $0[ObjectIdentifier(exchange)] = exchange } }
    func remove(_ exchange: Exchange) { exchanges.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(exchange)) } }

    private var all: [Exchange] { exchanges.withLock { Array($0.values) } }
}
