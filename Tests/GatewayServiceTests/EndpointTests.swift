import Glibc
import Testing

@testable import GatewayService

/// A connection that was closed does not touch the one that got its descriptor's number.
struct EndpointTests {
    @Test("After the end nothing is read from the descriptor, and nothing written to it (R38)")
    func afterTheEnd() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | 0o4000, 0, &ends) == 0)  // SOCK_NONBLOCK
        defer { for end in ends { close(end) } }
        // Not closed by the endpoint, as if its number had been given to somebody else at once.
        let number = dup(ends[0])
        let loop = EventLoop()
        let endpoint = Endpoint(descriptor: number)
        loop.add(endpoint)
        #expect(endpoint.note(UInt32.max) == true)
        endpoint.shut(loop)
        try #require(dup2(ends[0], number) == number)
        defer { close(number) }

        #expect(!endpoint.isReadable && !endpoint.isWritable)
        #expect([1, 2, 3].withUnsafeBytes { endpoint.write($0) } == .ended)
        let pipe = try #require(Pipe())
        #expect([7].withUnsafeBytes { Glibc.write(pipe.input, $0.baseAddress, 1) } == 1)
        pipe.filled = 1
        #expect(endpoint.splice(from: pipe) == .ended)
        var byte: UInt8 = 0
        #expect(recv(ends[1], &byte, 1, 0) == -1 && errno == EAGAIN, "the other connection got bytes")

        #expect(send(ends[1], &byte, 1, 0) == 1)
        #expect(withUnsafeMutableBytes(of: &byte) { endpoint.read(into: $0) } == .ended)
        #expect(endpoint.splice(into: pipe, atMost: 1) == .ended)
        #expect(recv(ends[0], &byte, 1, 0) == 1, "the other connection lost bytes")
    }
}
