import Execution
import Glibc

/// Forwards connections of a fixed port to another one: the mock cluster chooses its own port, and tells it to whoever
/// asked at this one first.
final class PortRelay: Sendable {
    private let listener: Int32

    /// - Parameter listener: a socket that listens; the relay's from now on.
    init(listener: Int32, to target: Int) {
        self.listener = listener
        startThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                guard let server = TCP.connect(port: target) else {
                    Glibc.close(client)
                    continue
                }
                startThread { Self.pump(from: client, to: server) }
                startThread { Self.pump(from: server, to: client) }
            }
        }
    }

    func close() { Glibc.close(listener) }

    /// Copies until one side ends; then tells the other. The descriptors stay for the other direction, which ends too.
    private static func pump(from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, TCP.sendAll(sink, buffer[..<count]) else { break }
        }
        shutdown(sink, Int32(SHUT_WR))
        shutdown(source, Int32(SHUT_RD))
        // Only one of the two directions closes each descriptor: the one that reads from it.
        Glibc.close(source)
    }
}

/// Blocking sockets on loopback, for the small servers of the sandbox.
enum TCP {
    /// - Throws: ``EmbeddedBroker/Failed`` where the port cannot be listened on.
    static func listen(port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, bound == 0, Glibc.listen(descriptor, 128) == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw EmbeddedBroker.Failed(description: "cannot listen on 127.0.0.1:\(port): \(reason)")
        }
        return descriptor
    }

    static func connect(port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    static func sendAll(_ descriptor: Int32, _ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }
}
