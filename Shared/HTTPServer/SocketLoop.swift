internal import CSystem
internal import Execution
internal import Synchronization

/// One thread with epoll that wakes the readers and writers of sockets that libmicrohttpd does not serve.
final class SocketLoop: Sendable {
    static let shared = SocketLoop()

    private let epoll: Int32
    private let streams = Mutex<[UInt64: WeakStream]>([:])
    private let next = Atomic<UInt64>(1)

    private struct WeakStream { weak var stream: TCPStream? }

    private init() {
        epoll = atelier_epoll_create()
        precondition(epoll >= 0, "epoll_create1 failed")
        startThread { [self] in loop() }
    }

    /// Reports readiness of `socket` to `stream`, at each edge.
    func add(_ stream: TCPStream, socket: Int32) -> UInt64 {
        let key = next.add(1, ordering: .relaxed).oldValue
        streams.withLock { $0[key] = WeakStream(stream: stream) }
        _ = atelier_epoll_add_edges(epoll, socket, key)
        return key
    }

    func remove(_ key: UInt64, socket: Int32) {
        streams.withLock { _ = $0.removeValue(forKey: key) }
        _ = atelier_epoll_remove(epoll, socket)
    }

    private func loop() {
        var keys = [UInt64](repeating: 0, count: 64)
        while true {
            let count = atelier_epoll_wait_keys(epoll, &keys, Int32(keys.count), -1)
            guard count > 0 else { continue }
            for key in keys.prefix(Int(count)) {
                let stream = streams.withLock { $0[key]?.stream }
                stream?.wake()
            }
        }
    }
}
