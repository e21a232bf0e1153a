internal import CMicrohttpd
internal import Glibc

/// A server could not take its address.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// What was asked for, as `host:port`.
    public let address: String
    /// The system's or the resolver's words.
    public let reason: String
    public var description: String { "cannot listen on \(address): \(reason)" }
}

/// A listening TCP socket; the caller closes it.
enum ListenSocket {
    /// - Parameter port: 0 takes a free one.
    /// - Throws: ``ListenError``.
    static func open(host: String, port: Int, backlog: Int32 = 1024) throws -> (socket: Int32, port: Int) {
        let address = "\(host):\(port)"
        func fail(_ reason: String = String(cString: strerror(errno))) -> ListenError {
            ListenError(address: address, reason: reason)
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let found = list else { throw fail(String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(found.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { throw fail() }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0,
            listen(descriptor, backlog) == 0
        else {
            let error = fail()
            close(descriptor)
            throw error
        }
        return (descriptor, Self.port(of: descriptor))
    }

    private static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return 0 }
                return SocketAddress.port(address)
            }
        }
    }
}

/// Reads socket addresses.
enum SocketAddress {
    /// The IP address as text; IPv4 inside IPv6 as IPv4.
    static func text(_ address: UnsafePointer<sockaddr>) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = Int32(address.pointee.sa_family)
        let size = socklen_t(buffer.count)
        if family == AF_INET {
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                var ip = pointer.pointee.sin_addr
                _ = inet_ntop(AF_INET, &ip, &buffer, size)
            }
        } else if family == AF_INET6 {
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                var ip = pointer.pointee.sin6_addr
                _ = inet_ntop(AF_INET6, &ip, &buffer, size)
            }
        }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }

    static func port(_ address: UnsafePointer<sockaddr>) -> Int {
        if Int32(address.pointee.sa_family) == AF_INET6 {
            return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin6_port))
            }
        }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
    }
}
