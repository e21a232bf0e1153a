internal import FoundationEssentials
internal import HTTP
internal import Primitives
internal import Synchronization

/// The server's side of a WebSocket (RFC 6455). One task receives; any number may send.
public final class WebSocket: Sendable {
    private struct State: @unchecked Sendable {  // Touched under the mutex only; the framer belongs to it.
        let framer: Framer
        var inbox: [WebSocketMessage] = []
        var pending = Data()
        var isWriting = false
        var waiters: [CheckedContinuation<Void, any Error>] = []
        var isClosing = false
        var lastSign = ContinuousClock.now
        var pingsSince = ContinuousClock.now
    }

    private let stream: any DuplexStream
    private let options: WebSocketOptions
    private let state: Mutex<State>

    init(_ stream: any DuplexStream, options: WebSocketOptions) {
        self.stream = stream
        self.options = options
        state = Mutex(State(framer: Framer(messageBytes: options.messageBytes)))
    }

    /// The next message; `nil` when the connection is closed, by whichever side.
    public func receive() async throws -> WebSocketMessage? {
        while true {
            let (message, isOver) = state.withLock { state in
                (state.inbox.isEmpty ? nil : state.inbox.removeFirst(), state.framer.isReadClosed)
            }
            if let message { return message }
            if isOver { return nil }
            guard let data = try? await stream.read() else {
                try Task.checkCancellation()
                return nil
            }
            let isFlood = state.withLock { state in
                state.lastSign = .now
                state.framer.feed(data)
                state.inbox += state.framer.takeMessages()
                if state.lastSign - state.pingsSince > .seconds(10) {
                    state.pingsSince = state.lastSign
                    state.framer.pings = 0
                }
                return state.framer.pings > options.pingLimit
            }
            if isFlood {
                await close(.policyViolation, "too many pings")
                return nil
            }
            try await flush()
        }
    }

    /// Sends a message; returns when the kernel has it.
    /// - Throws: ``PeerGone`` where the connection is closed or the client is too slow.
    public func send(_ message: WebSocketMessage) async throws {
        let isOpen = state.withLock { state in
            if !state.isClosing, !state.framer.isReadClosed { state.framer.queue(message) }
            return !state.isClosing && !state.framer.isReadClosed
        }
        guard isOpen else { throw PeerGone() }
        try await flush()
    }

    /// Sends text.
    public func send(_ text: String) async throws { try await send(.text(text)) }

    /// Says goodbye. The connection is closed when its handler returns.
    public func close(_ code: WebSocketCloseCode = .normal, _ reason: String = "") async {
        let isFirst = state.withLock { state in
            defer { state.isClosing = true }
            if !state.isClosing { state.framer.queueClose(code, reason) }
            return !state.isClosing
        }
        if isFirst { try? await withDeadline(.seconds(5), "close") { try await self.flush() } }
    }

    /// Runs a handler with pings beside it, then closes in order.
    func run(_ handler: @escaping @Sendable (WebSocket) async throws -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                do {
                    try await handler(self)
                    await close()
                } catch is CancellationError {
                    await goodbye(.goingAway)
                } catch is PeerGone {
                } catch {
                    await goodbye(.internalError)
                }
            }
            group.addTask { [self] in await ping() }
            await group.next()
            group.cancelAll()
            await linger()
            stream.close()
        }
    }

    /// Reads for a moment what the client still sends: to close with unread bytes would take the goodbye from it.
    private func linger() async {
        let stream = stream
        _ = await Task.detached {
            try? await withDeadline(.seconds(2), "linger") { while try await stream.read() != nil {} }
        }.value
    }

    /// Says goodbye also where this task is cancelled.
    private func goodbye(_ code: WebSocketCloseCode) async { await Task.detached { await self.close(code) }.value }

    private func ping() async {
        while (try? await Task.sleep(for: options.pingInterval)) != nil {
            let isAlive = state.withLock { state in
                if !state.isClosing { state.framer.queuePing() }
                return .now - state.lastSign < options.pingInterval * 2
            }
            guard isAlive, (try? await flush()) != nil else { return }
        }
    }

    /// Writes what waits; one task writes for all, the others wait for it.
    private func flush() async throws {
        enum Role { case done, write, wait, tooSlow }
        let role = state.withLock { state -> Role in
            state.pending.append(state.framer.takeOutput())
            if state.pending.isEmpty { return .done }
            if state.pending.count > options.waitingBytes { return .tooSlow }
            if state.isWriting { return .wait }
            state.isWriting = true
            return .write
        }
        switch role {
        case .done: return
        case .tooSlow:
            stream.close()
            throw PeerGone()
        case .wait:
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isDone = state.withLock { state in
                    if state.isWriting { state.waiters.append(continuation) }
                    return !state.isWriting
                }
                if isDone { continuation.resume() }
            }
        case .write: try await write()
        }
    }

    private func write() async throws {
        while true {
            let (batch, waiters) = state.withLock { state in
                defer {
                    state.pending = Data()
                    state.waiters = []
                }
                if state.pending.isEmpty { state.isWriting = false }
                return (state.pending, state.waiters)
            }
            if batch.isEmpty {
                for waiter in waiters { waiter.resume() }
                return
            }
            do {
                try await stream.write(batch)
                for waiter in waiters { waiter.resume() }
            } catch {
                let rest = state.withLock { state in
                    state.isWriting = false
                    defer { state.waiters = [] }
                    return state.waiters
                }
                for waiter in waiters + rest { waiter.resume(throwing: PeerGone()) }
                throw error is CancellationError ? error : PeerGone()
            }
        }
    }
}
