internal import Execution
internal import Glibc
internal import Synchronization

/// Forwards connections of a fixed port to another one, which may change: a mock cluster listens where the kernel wants,
/// and tells its own port to whoever asked at this one first.
public final class PortRelay: Sendable {
    /// The port that is listened on.
    public let port: Int
    private let listener: Int32
    private let target = Atomic(0)

    /// Listens; connections wait until ``lead(to:)`` says where they go.
    /// - Parameter port: 0 takes a free one.
    /// - Throws: ``TCP/Failure`` where the port cannot be listened on.
    public init(port: Int = 0) throws {
        listener = try TCP.listen(port: port)
        self.port = TCP.port(of: listener)
    }

    /// Listens no more; connections live on.
    deinit {
        // Where a thread accepts, it hears of this and closes.
        if target.load(ordering: .acquiring) == 0 { close(listener) } else { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    /// Sends the connections from now on to a port.
    public func lead(to port: Int) {
        guard target.exchange(port, ordering: .acquiringAndReleasing) == 0 else { return }
        startThread { [listener, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard client >= 0, let target = self?.target.load(ordering: .acquiring) else { break }
                guard let server = TCP.connect(port: target) else {
                    close(client)
                    continue
                }
                startThread { Self.pump(from: client, to: server) }
                startThread { Self.pump(from: server, to: client) }
            }
            close(listener)
        }
    }

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
        close(source)
    }
}
