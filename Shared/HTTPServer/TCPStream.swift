// The socket types come with libmicrohttpd's header as well: a clean optimised build finds them there first.
internal import CMicrohttpd
public import FoundationEssentials
internal import Glibc
public import HTTP
internal import Synchronization

/// A TCP connection as raw bytes, for upgraded connections of either side.
public final class TCPStream: DuplexStream {
    private struct State {
        var isClosed = false
        var key: UInt64 = 0
        /// An edge that came since the last try.
        var edges = 0
        var first: Data
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Calls into the kernel that use the socket just now; it is given back after the last.
        var users = 0
        var isReleased = false
    }

    private let socket: Int32
    private let state: Mutex<State>
    private let release: @Sendable (Int32) -> Void

    /// - Parameters:
    ///   - socket: a connected socket; made non-blocking.
    ///   - first: bytes that were read already.
    ///   - release: gives the socket back, once.
    init(socket: Int32, first: Data = Data(), release: @escaping @Sendable (Int32) -> Void) {
        self.socket = socket
        self.release = release
        state = Mutex(State(first: first))
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        let key = SocketLoop.shared.add(self, socket: socket)
        state.withLock { $0.key = key }
    }

    deinit { close() }

    public func read() async throws -> Data? {
        if let first = state.withLock({ state -> Data? in
            defer { state.first = Data() }
            return state.first.isEmpty ? nil : state.first
        }) {
            return first
        }
        while true {
            let edges = state.withLock { $0.edges }
            var buffer = Data(count: 16 << 10)
            let count = use { socket in
                buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            }
            if count > 0 { return buffer.prefix(count) }
            if count == 0 { return nil }
            guard errno == EAGAIN || errno == EINTR else { throw PeerGone() }
            try await waitForEdge(after: edges)
        }
    }

    public func write(_ data: Data) async throws {
        var rest = data
        while !rest.isEmpty {
            let edges = state.withLock { $0.edges }
            let count = use { socket in
                rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            guard count < 0, errno == EAGAIN || errno == EINTR else { throw PeerGone() }
            try await waitForEdge(after: edges)
        }
    }

    public func close() {
        let (waiters, isFirst, isIdle) = state.withLock { state in
            defer {
                state.isClosed = true
                state.waiters = []
            }
            return (state.waiters, !state.isClosed, state.users == 0)
        }
        for waiter in waiters { waiter.resume() }
        guard isFirst else { return }
        SocketLoop.shared.remove(state.withLock { $0.key }, socket: socket)
        shutdown(socket, Int32(SHUT_RDWR))
        if isIdle { giveBack() }
    }

    func wake() {
        let waiters = state.withLock { state in
            state.edges &+= 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func giveBack() {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        if isFirst { release(socket) }
    }

    /// Runs a system call on the socket, which stays ours until it returned; -1 with `EBADF` after a close.
    private func use(_ call: (Int32) -> Int) -> Int {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.users += 1 }
            return !state.isClosed
        }
        guard isOpen else {
            errno = EBADF
            return -1
        }
        let result = call(socket)
        let error = errno
        let isLast = state.withLock { state in
            state.users -= 1
            return state.isClosed && state.users == 0
        }
        if isLast { giveBack() }
        errno = error
        return result
    }

    enum ConnectionStatus { case connected, connecting, failed(String) }

    var currentEdges: Int { state.withLock { $0.edges } }

    /// How far a connect that was begun has come.
    func connectionStatus() -> ConnectionStatus {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        var peer = sockaddr_storage()
        var peerLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isConnected = use { socket in
            getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length)
            return withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Int(getpeername(socket, $0, &peerLength))
                }
            }
        }
        if error != 0 { return .failed(String(cString: strerror(error))) }
        return isConnected == 0 ? .connected : .connecting
    }

    func waitForEdge(after edges: Int) async throws {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            await withCheckedContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.isClosed || state.edges != edges { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if goOn { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            // Wakes both directions: the other one tries once more and waits again.
            wake()
        }
    }
}
