// The socket types come with libmicrohttpd's header as well: a clean optimised build finds them there first.
internal import CMicrohttpd
internal import Execution
internal import Glibc
internal import HTTP
internal import Primitives

/// A TCP connection could not be made.
public struct ConnectError: Error, Sendable, CustomStringConvertible {
    /// What was to be reached, as `host:port`.
    public let address: String
    /// The system's or the resolver's words.
    public let reason: String
    public var description: String { "cannot connect to \(address): \(reason)" }
}

extension TCPStream {
    private static let resolver = BlockingPool(name: "resolver", threads: 2, queueLimit: 1000)

    /// Connects to a host by name or address; the first address that resolves is tried.
    /// - Throws: ``ConnectError``, `DeadlineExceeded`, `CancellationError`.
    public static func connect(host: String, port: Int, timeout: Duration = .seconds(5)) async throws -> TCPStream {
        try await withDeadline(timeout, "connect") {
            let address = "\(host):\(port)"
            let (socket, status) = try await resolver.run { try begin(host: host, port: port, address: address) }
            let stream = TCPStream(socket: socket) { _ = Glibc.close($0) }
            if status == EINPROGRESS { try await stream.waitUntilConnected(address) }
            return stream
        }
    }

    /// Resolves and begins to connect, without waiting.
    private static func begin(host: String, port: Int, address: String) throws -> (socket: Int32, status: Int32) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let found = list else {
            throw ConnectError(address: address, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(found.pointee.ai_family, type, 0)
        guard socket >= 0 else { throw ConnectError(address: address, reason: String(cString: strerror(errno))) }
        if Glibc.connect(socket, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 { return (socket, 0) }
        let reason = errno
        if reason == EINPROGRESS { return (socket, reason) }
        Glibc.close(socket)
        throw ConnectError(address: address, reason: String(cString: strerror(reason)))
    }

    private func waitUntilConnected(_ address: String) async throws {
        while true {
            let edges = currentEdges
            switch connectionStatus() {
            case .connected: return
            case .connecting: try await waitForEdge(after: edges)
            case .failed(let reason): throw ConnectError(address: address, reason: reason)
            }
        }
    }
}
