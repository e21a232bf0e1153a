internal import CMicrohttpd
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Synchronization

/// The pipe between a handler that writes an answer and the connection that sends it: one chunk waits at most.
final class StreamOutput: Sendable {
    private struct State {
        var connection: ConnectionHandle?
        var chunk = Data()
        var isSuspended = false
        var isGone = false
        var end: End?
        var writer: CheckedContinuation<Void, any Error>?
    }

    private enum End { case complete, failed }

    private let state: Mutex<State>
    private let sent: @Sendable (Int) -> Void

    init(connection: ConnectionHandle, sent: @escaping @Sendable (Int) -> Void) {
        state = Mutex(State(connection: connection))
        self.sent = sent
    }

    /// Hands over a chunk; returns when it was taken.
    func write(_ data: Data) async throws {
        try Task.checkCancellation()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isGone = state.withLock { state in
                    if state.isGone { return true }
                    state.chunk = data
                    state.writer = continuation
                    Self.resume(&state)
                    return false
                }
                if isGone { continuation.resume(throwing: PeerGone()) }
            }
        } onCancel: {
            state.withLock { state in
                state.chunk = Data()
                return state.writer.take()
            }?.resume(throwing: CancellationError())
        }
    }

    /// There is no more; where the answer is not whole, the connection is cut so that the peer notices.
    func finish(isWhole: Bool) {
        state.withLock { state in
            if state.end == nil { state.end = isWhole ? .complete : .failed }
            Self.resume(&state)
        }
    }

    /// The connection is closed.
    func peerGone() {
        state.withLock { state in
            state.isGone = true
            state.connection = nil
            return state.writer.take()
        }?.resume(throwing: PeerGone())
    }

    /// Called by libmicrohttpd on its thread when the connection has room.
    func fill(_ buffer: UnsafeMutablePointer<CChar>, _ capacity: Int) -> Int {
        var writer: CheckedContinuation<Void, any Error>?
        let count = state.withLock { state -> Int in
            if !state.chunk.isEmpty {
                let count = min(capacity, state.chunk.count)
                state.chunk.withUnsafeBytes { bytes in
                    guard let base = bytes.baseAddress else { return }
                    memcpy(buffer, base, count)
                }
                state.chunk = count == state.chunk.count ? Data() : state.chunk.dropFirst(count)
                if state.chunk.isEmpty { writer = state.writer.take() }
                return count
            }
            switch state.end {
            case .complete: return ATELIER_MHD_END_OF_STREAM
            case .failed: return ATELIER_MHD_END_WITH_ERROR
            case nil:
                if let connection = state.connection {
                    state.isSuspended = true
                    connection.suspend()
                }
                return 0
            }
        }
        if count > 0 { sent(count) }
        writer?.resume()
        return count
    }

    private static func resume(_ state: inout State) {
        guard state.isSuspended, let connection = state.connection else { return }
        state.isSuspended = false
        connection.resume()
    }
}

/// Called by libmicrohttpd for more content. `context` is a `StreamOutput`, retained by the response.
func fillStream(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int {
    guard let context, let buffer else { return ATELIER_MHD_END_WITH_ERROR }
    return Unmanaged<StreamOutput>.fromOpaque(context).takeUnretainedValue().fill(buffer, capacity)
}

/// Balances the retain of the response when libmicrohttpd frees it.
func releaseStream(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<StreamOutput>.fromOpaque(context).release()
}
