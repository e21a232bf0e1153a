import Execution
import Glibc
import Synchronization
import TestKit

/// A fixed port through which clients find a mock cluster, which listens where the kernel wants; it may lead to another
/// cluster later.
final class BootstrapDoor: Sendable {
    let port = FreePort.next()
    private let listener: Int32
    private let target = Atomic(0)

    init() {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        _ = Self.with(port, listener, Glibc.bind)
        listen(listener, 64)
        startThread { [listener, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let port = self?.target.load(ordering: .acquiring) else { return }
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard port != 0, Self.with(port, server, Glibc.connect) == 0 else {
                    close(server)
                    close(client)
                    continue
                }
                startThread { Self.copy(client, server) }
                startThread { Self.copy(server, client) }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    func lead(to port: Int) { target.store(port, ordering: .releasing) }

    /// Copies until one side ends. The descriptors live as long as the test: few, and nobody may get their numbers.
    private static func copy(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0, send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static func with(
        _ port: Int, _ descriptor: Int32, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
