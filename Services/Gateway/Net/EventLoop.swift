internal import CSystem
internal import Glibc

/// One thread with epoll that serves its endpoints, one after the other.
final class EventLoop: @unchecked Sendable {  // Used on its own thread only, but for `submit`, which is locked.
    private let epoll: Int32
    private let wakeup: Int32
    private let mailbox = Mailbox()
    private var endpoints: [Endpoint?] = []
    private var generation: UInt64 = 1
    private var waiting: [Endpoint] = []
    private var ended = false
    /// The time at the beginning of this turn.
    var clock = Clock()
    /// Called a few times a second.
    var onTick: () -> Void = {}

    private static let wakeupKey = UInt64.max
    private static let tick: UInt64 = 250

    init() {
        epoll = atelier_net_epoll()
        wakeup = atelier_net_eventfd()
        precondition(epoll >= 0 && wakeup >= 0, "no descriptors for an event loop")
        atelier_net_watch_level(epoll, wakeup, Self.wakeupKey)
    }

    deinit {
        close(wakeup)
        close(epoll)
    }

    /// Lets `work` run on the loop's thread. From any thread.
    func submit(_ work: @escaping @Sendable () -> Void) {
        if mailbox.add(work) { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, MemoryLayout<UInt64>.size)
    }

    /// Watches an endpoint from now on; it stays alive until it is shut.
    func add(_ endpoint: Endpoint, levelTriggered: Bool = false) {
        let slot = Int(endpoint.descriptor)
        while endpoints.count <= slot { endpoints.append(nil) }
        generation = (generation + 1) & 0x7FFF_FFFF
        let key = generation << 32 | UInt64(slot)
        endpoint.key = key
        endpoints[slot] = endpoint
        if levelTriggered {
            atelier_net_watch_level(epoll, endpoint.descriptor, key)
        } else {
            atelier_net_watch(epoll, endpoint.descriptor, key)
        }
    }

    func forget(_ endpoint: Endpoint) {
        guard let key = endpoint.key else { return }
        endpoint.key = nil
        let slot = Int(key & 0xFFFF_FFFF)
        if endpoints[slot]?.descriptor == endpoint.descriptor { endpoints[slot] = nil }
        atelier_net_unwatch(epoll, endpoint.descriptor)
    }

    /// Calls ``Endpoint/resume()`` once the endpoints that are ready now were served.
    func again(_ endpoint: Endpoint) { waiting.append(endpoint) }

    /// Every endpoint at the moment.
    var all: [Endpoint] { endpoints.compactMap { $0 } }

    /// Lets ``run()`` return after this turn.
    func end() { ended = true }

    /// Serves until ``end()``.
    func run() {
        var events = [atelier_event](repeating: atelier_event(), count: 256)
        var nextTick = clock.now
        while !ended {
            let timeout = waiting.isEmpty ? Int32(Self.tick) : 0
            let count = atelier_net_wait(epoll, &events, Int32(events.count), timeout)
            clock.read()
            if count > 0 {
                for index in 0..<Int(count) { dispatch(events[index]) }
            }
            if !waiting.isEmpty {
                let batch = waiting
                waiting.removeAll(keepingCapacity: true)
                for endpoint in batch where endpoint.isOpen { endpoint.resume() }
            }
            if clock.now >= nextTick {
                nextTick = clock.now + Self.tick
                for index in endpoints.indices { endpoints[index]?.sweep(now: clock.now) }
                onTick()
            }
        }
    }

    private func dispatch(_ event: atelier_event) {
        if event.key == Self.wakeupKey {
            var count: UInt64 = 0
            _ = read(wakeup, &count, MemoryLayout<UInt64>.size)
            for work in mailbox.take() { work() }
            return
        }
        let slot = Int(event.key & 0xFFFF_FFFF)
        // The endpoint may have been shut earlier in this turn, and its number given to another.
        guard slot < endpoints.count, let endpoint = endpoints[slot], endpoint.key == event.key else { return }
        endpoint.handle(event.events)
    }
}
