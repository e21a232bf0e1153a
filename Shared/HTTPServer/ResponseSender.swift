internal import CMicrohttpd
internal import FoundationEssentials
internal import Glibc
internal import HTTP

/// Turns an answer into libmicrohttpd's response and queues it. Runs on libmicrohttpd's threads.
enum ResponseSender {
    /// - Parameter stream: the pipe of an answer that is written as it comes.
    /// - Returns: whether it was queued.
    static func queue(
        _ response: HTTPResponse, stream: StreamOutput?, on connection: OpaquePointer, closing: Bool,
        upgrade: UpgradeTicket?
    ) -> Bool {
        guard let raw = make(response, stream: stream, upgrade: upgrade) else { return false }
        defer { MHD_destroy_response(raw) }
        for field in response.headers where !isOurs(field.name, response) {
            _ = atelier_mhd_add(raw, field.name, field.value)
        }
        if closing { _ = atelier_mhd_add(raw, "Connection", "close") }
        return atelier_mhd_queue(connection, UInt32(response.status.rawValue), raw) != 0
    }

    /// Fields that libmicrohttpd writes itself.
    private static func isOurs(_ name: String, _ response: HTTPResponse) -> Bool {
        name.equalsIgnoringCase("Content-Length") || name.equalsIgnoringCase("Transfer-Encoding")
            || name.equalsIgnoringCase("Connection")
    }

    private static func make(_ response: HTTPResponse, stream: StreamOutput?, upgrade: UpgradeTicket?) -> OpaquePointer?
    {
        switch response.body {
        case .empty: return atelier_mhd_copy(nil, 0)
        case .data(let data): return data.withUnsafeBytes { atelier_mhd_copy($0.baseAddress, $0.count) }
        case .file(let region):
            let descriptor = open(region.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            posix_fadvise(descriptor, Int(region.offset), Int(region.length), POSIX_FADV_SEQUENTIAL)
            // libmicrohttpd closes the descriptor, and sends with sendfile.
            guard
                let raw = MHD_create_response_from_fd_at_offset64(
                    UInt64(region.length), descriptor, UInt64(region.offset))
            else {
                close(descriptor)
                return nil
            }
            return raw
        case .stream(let length, _):
            guard let stream else { return nil }
            // Released by `releaseStream`, which libmicrohttpd calls with the last reference.
            let context = Unmanaged.passRetained(stream).toOpaque()
            return MHD_create_response_from_callback(
                length.map(UInt64.init) ?? ATELIER_MHD_SIZE_UNKNOWN, length == nil ? 16 << 10 : 128 << 10, fillStream,
                context, releaseStream)
        case .upgrade:
            guard let upgrade else { return nil }
            // Released by `didUpgrade`, which libmicrohttpd calls once after the head was sent.
            return MHD_create_response_for_upgrade(didUpgrade, Unmanaged.passRetained(upgrade).toOpaque())
        }
    }
}
