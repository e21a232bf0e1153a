import FoundationEssentials
import HTTP
import HTTPServer

/// Speaks bytes, so that a test can say what no well-behaved client says.
final class RawClient: Sendable {
    let stream: TCPStream

    init(port: Int) async throws { stream = try await TCPStream.connect(host: "127.0.0.1", port: port) }

    func send(_ text: String) async throws { try await stream.write(Data(text.utf8)) }

    /// Everything until the peer closes.
    func readAll() async throws -> String {
        var all = Data()
        do {
            while let chunk = try await stream.read() { all.append(chunk) }
        } catch is PeerGone {}
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads until `end` was seen.
    func read(until end: String) async throws -> String {
        var all = Data()
        while !String(decoding: all, as: UTF8.self).contains(end), let chunk = try await stream.read() {
            all.append(chunk)
        }
        return String(decoding: all, as: UTF8.self)
    }

    func close() { stream.close() }
}
