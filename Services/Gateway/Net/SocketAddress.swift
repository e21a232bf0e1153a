internal import Glibc

/// Where a socket connects to or listens.
struct SocketAddress: @unchecked Sendable, Hashable {  // A plain C struct of numbers.
    private var storage: sockaddr_storage
    private let length: socklen_t

    var family: Int32 { Int32(storage.ss_family) }

    /// Reads `host` as a numeric address, or asks the resolver for it, which may take seconds: never on a loop.
    static func resolve(host: String, port: Int, passive: Bool = false) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = SocketAddress(info.ai_addr, info.ai_addrlen), !found.contains(address) {
                found.append(address)
            }
            entry = info.ai_next
        }
        return found
    }

    /// The address that a socket is bound to.
    init?(boundTo descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        self.storage = storage
        self.length = length
    }

    private init?(_ pointer: UnsafeMutablePointer<sockaddr>?, _ length: socklen_t) {
        guard let pointer, length <= socklen_t(MemoryLayout<sockaddr_storage>.size) else { return nil }
        storage = sockaddr_storage()
        self.length = length
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
    }

    func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The port, in the order of the host.
    var port: Int {
        withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        left.length == right.length
            && withUnsafeBytes(of: left.storage) { one in
                withUnsafeBytes(of: right.storage) { other in
                    one.prefix(Int(left.length)).elementsEqual(other.prefix(Int(left.length)))
                }
            }
    }

    func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: storage) { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }
}
