internal import CMicrohttpd
internal import FoundationEssentials
internal import HTTP
internal import Lifecycle
internal import Synchronization

/// Carries a connection from libmicrohttpd to the handler that upgraded it.
final class UpgradeTicket: Sendable {
    private let stream = Mutex<TCPStream?>(nil)
    private let settled = AsyncTrigger()

    /// The connection, when the head of the answer was sent; `nil` where it broke before.
    func wait() async -> TCPStream? {
        await settled.wait()
        return stream.withLock { $0 }
    }

    /// There will be no connection.
    func fail() { settled.fire() }

    fileprivate func settle(_ new: TCPStream) {
        stream.withLock { $0 = new }
        settled.fire()
    }
}

/// Called by libmicrohttpd when it gives a connection away. `context` is an `UpgradeTicket`, retained by the response.
func didUpgrade(
    _ context: UnsafeMutableRawPointer?, _ from: OpaquePointer?, _ request: UnsafeMutableRawPointer?,
    _ extra: UnsafePointer<CChar>?, _ extraCount: Int, _ socket: Int32, _ handle: OpaquePointer?
) {
    guard let context, let handle else { return }
    let ticket = Unmanaged<UpgradeTicket>.fromOpaque(context).takeRetainedValue()
    let first = extra.map { Data(bytes: $0, count: extraCount) } ?? Data()
    nonisolated(unsafe) let connection = handle  // The handle may be used from any thread, once.
    ticket.settle(TCPStream(socket: socket, first: first) { _ in _ = atelier_mhd_upgrade_close(connection) })
}
