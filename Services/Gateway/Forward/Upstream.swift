internal import Synchronization

/// A service behind the gateway: its addresses, its breaker, and how much of it is in use. For all loops together.
final class Upstream: Sendable {
    let name: UpstreamName
    let host: String
    let port: Int
    private let addresses = Mutex<[SocketAddress]>([])
    private let turn = Atomic<Int>(0)
    private let breaker: Mutex<CircuitBreaker>
    private let isReadySeen = Atomic<Bool>(false)
    private let modeSeen = Mutex<String?>(nil)
    private let open = Atomic<Int>(0)

    init(name: UpstreamName, host: String, port: Int, breaker: CircuitBreaker) {
        self.name = name
        self.host = host
        self.port = port
        self.breaker = Mutex(breaker)
    }

    /// How many connections there are.
    var connections: Int { open.load(ordering: .relaxed) }
    func connectionOpened() { open.add(1, ordering: .relaxed) }
    func connectionClosed() { open.subtract(1, ordering: .relaxed) }

    /// Takes over what the resolver said.
    func setAddresses(_ new: [SocketAddress]) {
        guard !new.isEmpty else { return }
        addresses.withLock { $0 = new }
    }

    var addressCount: Int { addresses.withLock { $0.count } }

    /// The next address in turn (GW-014); `nil` while none is known.
    func nextAddress() -> SocketAddress? {
        addresses.withLock { addresses in
            guard !addresses.isEmpty else { return nil }
            return addresses[turn.add(1, ordering: .relaxed).oldValue % addresses.count]
        }
    }

    func admit(now: UInt64) -> CircuitBreaker.Verdict { breaker.withLock { $0.admit(now: now) } }
    func succeeded() { breaker.withLock { $0.succeeded() } }
    func failed(now: UInt64) { breaker.withLock { $0.failed(now: now) } }
    var breakerState: CircuitBreaker.State { breaker.withLock { $0.state } }

    /// What its private listener says; shown at `/health`.
    var isReady: Bool { isReadySeen.load(ordering: .relaxed) }

    /// Why it is not ready, as it says itself: the name of its brown-out.
    var mode: String? { modeSeen.withLock { $0 } }

    func setReady(_ ready: Bool, mode: String? = nil, now: UInt64) {
        isReadySeen.store(ready, ordering: .relaxed)
        modeSeen.withLock { $0 = ready ? nil : mode }
        if ready { breaker.withLock { $0.sawReady(now: now) } }
    }
}
