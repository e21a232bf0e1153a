internal import CSystem
internal import Glibc

/// What a read or a write on a socket that does not block came to.
enum Transfer: Equatable {
    case moved(Int)
    /// The peer has sent its last byte.
    case ended
    /// Nothing more can be moved at the moment.
    case blocked
    case failed(Int32)
}

/// The system calls on sockets and pipes that do not block.
enum Socket {
    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .blocked : .failed(errno)
        }
    }

    static func write(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .moved(count) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .blocked : .failed(errno)
        }
    }

    /// Moves bytes between a socket and a pipe without copying them.
    static func splice(from source: Int32, to sink: Int32, _ count: Int) -> Transfer {
        while true {
            let moved = atelier_net_splice(source, sink, count)
            if moved > 0 { return .moved(moved) }
            if moved == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .blocked : .failed(errno)
        }
    }

    static func setNoDelay(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Makes the close that follows tell the peer at once that something was lost, instead of ending in order.
    static func resetOnClose(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// The error that a connect ended with; 0 where it succeeded.
    static func error(of descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno
    }

    /// Begins to connect; the descriptor, or `nil` where that failed at once.
    static func connect(_ address: SocketAddress) -> Int32? {
        let type = Int32(SOCK_STREAM.rawValue) | 0o4000 | 0o2000000  // SOCK_NONBLOCK | SOCK_CLOEXEC
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { return nil }
        setNoDelay(descriptor)
        let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        if result == 0 || errno == EINPROGRESS { return descriptor }
        close(descriptor)
        return nil
    }

    /// Listens on an address; port 0 takes a free one.
    /// - Throws: ``ListenFailure``.
    static func listen(_ address: SocketAddress, named name: String) throws -> (descriptor: Int32, port: Int) {
        let type = Int32(SOCK_STREAM.rawValue) | 0o4000 | 0o2000000  // SOCK_NONBLOCK | SOCK_CLOEXEC
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw ListenFailure(address: name, reason: reason(errno)) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard address.withPointer({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 4096) == 0 else {
            let failure = ListenFailure(address: name, reason: reason(errno))
            close(descriptor)
            throw failure
        }
        return (descriptor, SocketAddress(boundTo: descriptor)?.port ?? 0)
    }

    static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}

/// An address could not be listened on.
struct ListenFailure: Error, Sendable, CustomStringConvertible {
    let address: String
    let reason: String
    var description: String { "cannot listen on \(address): \(reason)" }
}
