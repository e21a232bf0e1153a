import Glibc
import Synchronization

/// A service that answers as a test says, on a port of its own, one thread for each connection.
final class StubUpstream: Sendable {
    let port: Int
    private let listener: Int32
    private let seen = Mutex<[RawAnswer]>([])
    private let accepted = Atomic<Int>(0)

    /// - Parameter serve: reads and answers one request whose head was read; whether the connection goes on.
    init(_ serve: @escaping @Sendable (RawAnswer, RawSocket) -> Bool) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 1024)
                _ = getsockname(listener, $0, &length)
            }
        }
        port = Int(in_port_t(bigEndian: address.sin_port))
        self.listener = listener
        Self.thread { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                self?.accepted.add(1, ordering: .relaxed)
                Self.thread { [weak self] in
                    let socket = RawSocket(descriptor: descriptor)
                    socket.setTimeout(30)
                    while let head = socket.receiveHead() {
                        let request = RawAnswer(head: head)
                        self?.seen.withLock { $0.append(request) }
                        if !serve(request, socket) { return }
                    }
                }
            }
        }
    }

    deinit { stop() }

    /// The heads of the requests that came.
    var requests: [RawAnswer] { seen.withLock { $0 } }
    var connections: Int { accepted.load(ordering: .relaxed) }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// A service that answers each request with what it got.
    static func echo() -> StubUpstream {
        StubUpstream { request, socket in
            let body = read(request, socket)
            return socket.send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\nX-Method: "
                    + "\(request.head.split(separator: " ")[0])\r\n\r\n") && socket.send(body)
        }
    }

    /// The content of a request.
    static func read(_ request: RawAnswer, _ socket: RawSocket) -> [UInt8] {
        if request["transfer-encoding"] == "chunked" {
            var body: [UInt8] = []
            while let line = socket.receiveLine(), let size = Int(line, radix: 16) {
                body += socket.receive(exactly: size)
                _ = socket.receiveLine()
                if size == 0 { break }
            }
            return body
        }
        return socket.receive(exactly: request["content-length"].flatMap { Int($0) } ?? 0)
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
