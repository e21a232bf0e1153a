internal import CCurl
internal import Glibc

/// A connection over which a protocol of its own is spoken, in the clear or by TLS. curl makes it: it finds the address,
/// and checks the certificate against the host's name.
///
/// Its calls block, each for a bounded time: they belong on a thread of a `BlockingPool`, one at a time.
public final class ByteStream {
    private let handle: EasyHandle

    /// Connects.
    /// - Parameters:
    ///   - host: a name or an address; an IPv6 one without brackets.
    ///   - isSecure: whether TLS is spoken.
    ///   - authorities: PEM file of the authorities to trust; the system's where empty.
    ///   - limit: how long it may take, TLS included.
    /// - Throws: ``HTTPClientError``, of which `outcomeUnknown` is false.
    public init(host: String, port: Int, isSecure: Bool, authorities: String = "", within limit: Duration) throws {
        guard CurlLoop.isInitialized, let handle = EasyHandle() else {
            throw HTTPClientError(.other, detail: "curl cannot be used", outcomeUnknown: false)
        }
        self.handle = handle
        let name = host.contains(":") ? "[\(host)]" : host
        handle.set(CURLOPT_URL, "\(isSecure ? "https" : "http")://\(name):\(port)")
        handle.set(CURLOPT_CONNECT_ONLY, 1)
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_PROXY, "")
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        // What is spoken is no HTTP: none is to be agreed on.
        handle.set(CURLOPT_SSL_ENABLE_ALPN, 0)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, limit)
        if !authorities.isEmpty { handle.set(CURLOPT_CAINFO, authorities) }
        let result = curl_easy_perform(handle.pointer)
        guard result == CURLE_OK else { throw HTTPClientError(result, handle.pointer) }
    }

    /// Sends all bytes.
    /// - Throws: ``HTTPClientError``: `timedOut` where the peer did not take them before `deadline`, or `reset`.
    public func send(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) throws {
        var sent = 0
        while sent < bytes.count {
            var count = 0
            let result = bytes.withUnsafeBytes {
                curl_easy_send(handle.pointer, $0.baseAddress?.advanced(by: sent), $0.count - sent, &count)
            }
            sent += count
            if result == CURLE_AGAIN {
                try wait(for: POLLOUT, before: deadline)
            } else if result != CURLE_OK {
                throw HTTPClientError(.reset, detail: "the connection broke", outcomeUnknown: true)
            }
        }
    }

    /// Some bytes, as soon as there are any.
    /// - Throws: ``HTTPClientError``: `timedOut` where none came before `deadline`, or `reset`, also where the peer closed.
    public func receive(before deadline: ContinuousClock.Instant) throws -> [UInt8] {
        while true {
            var count = 0
            var result = CURLE_OK
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
                result = curl_easy_recv(handle.pointer, buffer.baseAddress, buffer.count, &count)
                filled = result == CURLE_OK ? count : 0
            }
            if result == CURLE_OK, !bytes.isEmpty { return bytes }
            guard result == CURLE_AGAIN else {
                throw HTTPClientError(.reset, detail: "the peer closed the connection", outcomeUnknown: true)
            }
            try wait(for: POLLIN, before: deadline)
        }
    }

    private func wait(for events: Int32, before deadline: ContinuousClock.Instant) throws {
        let left = ContinuousClock.now.duration(to: deadline)
        let milliseconds = Int32(clamping: Int((left / .milliseconds(1)).rounded(.up)))
        var poll = pollfd(fd: atelier_curl_socket(handle.pointer), events: Int16(events), revents: 0)
        guard milliseconds > 0, Glibc.poll(&poll, 1, milliseconds) != 0 else {
            throw HTTPClientError(.timedOut, detail: "the peer was silent", outcomeUnknown: true)
        }
    }
}
