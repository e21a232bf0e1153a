internal import Glibc
internal import HTTP
internal import Primitives
internal import Synchronization

/// Cuts connections that take too long to say what they want, which libmicrohttpd's timeout for silence lets live
/// (slow heads and slow content: one byte now and then).
final class ConnectionWatch: Sendable {
    private struct Entry {
        let socket: Int32
        /// When the wait for a head began; `nil` while a request is served.
        var waitsSince: ContinuousClock.Instant?
        var isFirst = true
        var record: RequestRecord?
        var cancel: (@Sendable () -> Void)?
        var seenBytes: Int64 = 0
        var seenAt = ContinuousClock.now
    }

    private let entries = Mutex<[UInt: Entry]>([:])
    private let limits: ServerLimits

    init(limits: ServerLimits) { self.limits = limits }

    func opened(_ connection: OpaquePointer, socket: Int32) {
        entries.withLock { $0[UInt(bitPattern: connection)] = Entry(socket: socket, waitsSince: .now) }
    }

    /// Called before the socket is closed, so that its number cannot mean another connection here.
    func closed(_ connection: OpaquePointer) {
        entries.withLock { _ = $0.removeValue(forKey: UInt(bitPattern: connection)) }
    }

    /// - Parameter cancel: stops the handler; called when the client is gone while the handler works.
    func requestBegan(
        _ connection: OpaquePointer, _ record: RequestRecord, cancel: @escaping @Sendable () -> Void
    ) {
        entries.withLock { entries in
            guard var entry = entries[UInt(bitPattern: connection)] else { return }
            entry.waitsSince = nil
            entry.record = record
            entry.cancel = cancel
            entry.seenBytes = 0
            entry.seenAt = .now
            entries[UInt(bitPattern: connection)] = entry
        }
    }

    func requestEnded(_ connection: OpaquePointer) {
        entries.withLock { entries in
            guard var entry = entries[UInt(bitPattern: connection)] else { return }
            entry.waitsSince = .now
            entry.isFirst = false
            entry.record = nil
            entry.cancel = nil
            entries[UInt(bitPattern: connection)] = entry
        }
    }

    /// Open connections.
    var count: Int { entries.withLock { $0.count } }

    /// Cuts what is too slow now.
    func sweep(now: ContinuousClock.Instant = .now) {
        var gone: [@Sendable () -> Void] = []
        defer { for cancel in gone { cancel() } }
        entries.withLock { entries in
            for (key, var entry) in entries {
                if let since = entry.waitsSince {
                    let limit = entry.isFirst ? limits.head : limits.idle + limits.head
                    if now - since > limit { shutdown(entry.socket, Int32(SHUT_RDWR)) }
                } else if let record = entry.record, record.isWaitingForContent {
                    // libmicrohttpd misses an end that came together with the last bytes: this makes it look again.
                    if Self.isGone(entry.socket) { shutdown(entry.socket, Int32(SHUT_RDWR)) }
                    let bytes = record.receivedBytes
                    if bytes - entry.seenBytes >= Int64(limits.slowestBody) {
                        entry.seenBytes = bytes
                        entry.seenAt = now
                        entries[key] = entry
                    } else if now - entry.seenAt > limits.head {
                        shutdown(entry.socket, Int32(SHUT_RDWR))
                    }
                } else {
                    entry.seenAt = now
                    if Self.isGone(entry.socket), let cancel = entry.cancel.take() { gone.append(cancel) }
                    entries[key] = entry
                }
            }
        }
    }

    /// The client closed: libmicrohttpd does not look at a connection that waits for its handler.
    private static func isGone(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
    }
}
