import Glibc

/// A blocking TCP socket, for tests that say exactly which bytes go over it.
final class RawSocket: @unchecked Sendable {  // Each test uses one from one thread at a time.
    let descriptor: Int32
    private var rest: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        setTimeout(10)
    }

    /// Connects to a port of this machine.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(number: errno) }
        setTimeout(10)
    }

    struct Failure: Error { let number: Int32 }

    deinit { close(descriptor) }

    /// How long a read may take, seconds.
    func setTimeout(_ seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends all bytes; false where the peer does not take them.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Some bytes; empty at the end, `nil` after the time is over or a failure.
    func receive(_ most: Int = 65_536) -> [UInt8]? {
        if !rest.isEmpty {
            defer { rest = [] }
            return rest
        }
        var buffer = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &buffer, most, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// Everything until the peer closes; `nil` where it does not.
    func receiveAll() -> String? {
        var all: [UInt8] = []
        while let bytes = receive() {
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
        return nil
    }

    /// Whether the peer closed, in order or not, and nothing more comes.
    func isEnded() -> Bool { receive()?.isEmpty ?? (errno != EAGAIN) }

    /// One message's head, up to and with the empty line; `nil` at the end.
    func receiveHead() -> String? {
        var all: [UInt8] = []
        while true {
            if all.count >= 4, let end = Self.endOfHead(all) {
                rest = Array(all[end...]) + rest
                return String(decoding: all[..<end], as: UTF8.self)
            }
            guard let bytes = receive(), !bytes.isEmpty else { return nil }
            all += bytes
        }
    }

    /// So many bytes; fewer where the peer ends.
    func receive(exactly count: Int) -> [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(count)
        while all.count < count, let bytes = receive(), !bytes.isEmpty { all += bytes }
        if all.count > count {
            rest = Array(all[count...]) + rest
            all.removeLast(all.count - count)
        }
        return all
    }

    /// One answer with its content, by `Content-Length` or in chunks.
    func receiveAnswer(toHead: Bool = false) -> RawAnswer? {
        guard let head = receiveHead() else { return nil }
        var answer = RawAnswer(head: head)
        if toHead || answer.status == 204 || answer.status == 304 || answer.status < 200 { return answer }
        if answer["transfer-encoding"] == "chunked" {
            while let line = receiveLine(), let size = Int(line, radix: 16) {
                answer.body += receive(exactly: size)
                _ = receiveLine()
                if size == 0 { break }
            }
        } else if let length = answer["content-length"].flatMap({ Int($0) }) {
            answer.body = receive(exactly: length)
        }
        return answer
    }

    func receiveLine() -> String? {
        var line: [UInt8] = []
        while true {
            let byte = receive(exactly: 1)
            guard let byte = byte.first else { return nil }
            if byte == 0x0A { return String(decoding: line.filter { $0 != 0x0D }, as: UTF8.self) }
            line.append(byte)
        }
    }

    func shutdownWrite() { shutdown(descriptor, Int32(SHUT_WR)) }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        for index in 3..<bytes.count
        where bytes[index] == 0x0A && bytes[index - 1] == 0x0D && bytes[index - 2] == 0x0A && bytes[index - 3] == 0x0D {
            return index + 1
        }
        return nil
    }
}

/// An answer as it came.
struct RawAnswer {
    let head: String
    var body: [UInt8] = []

    var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of a field, by its name in any case.
    subscript(name: String) -> String? { all(name).first }

    func all(_ name: String) -> [String] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
    }
}
