internal import Glibc

/// Bytes in both directions, as they are (WebSocket).
extension ClientConnection {
    private static let highWater = 65_536

    /// Moves bytes as far as both sides let it.
    func pumpTunnel() {
        guard case .tunnel = phase, let exchange, let upstream = exchange.upstream else { return }
        deadline = worker.loop.clock.now + worker.door.settings.tunnelTime
        if !input.isEmpty {
            exchange.received += Int64(input.count)
            upstream.enqueue(input.bytes)
            input.removeAll()
        }
        var budget = 32
        var clientEnded = false
        var upstreamEnded = false
        while isOpen, budget > 0 {
            budget -= 1
            upstream.flush()
            guard flush() || isOpen else { return }
            var moved = false
            if isReadable, upstream.output.count < Self.highWater {
                switch read(into: worker.clientScratch) {
                case .moved(let count):
                    exchange.received += Int64(count)
                    upstream.enqueue(UnsafeRawBufferPointer(rebasing: worker.clientScratch[..<count]))
                    moved = true
                case .blocked: break
                case .ended, .failed: clientEnded = true
                }
            }
            if upstream.isReadable, output.count < Self.highWater {
                switch upstream.read(into: worker.upstreamScratch) {
                case .moved(let count):
                    exchange.sent += Int64(count)
                    enqueue(UnsafeRawBufferPointer(rebasing: worker.upstreamScratch[..<count]))
                    moved = true
                case .blocked: break
                case .ended, .failed: upstreamEnded = true
                }
            }
            if !moved { break }
        }
        guard isOpen else { return }
        upstream.flush()
        flush()
        if budget == 0 { worker.loop.again(self) }
        // A WebSocket ends on both sides at once: what is left goes out, then the connections close.
        if clientEnded { return abort() }
        if upstreamEnded {
            upstream.close()
            exchange.upstream = nil
            finish()
        }
    }
}

extension ClientConnection {
    /// Ends a stream (SSE, WebSocket) because the process stops.
    func endStream() {
        switch phase {
        case .tunnel: abort()
        case .exchange:
            guard let exchange, exchange.hasAnswered else { return }
            exchange.upstream?.clientIsGone()
            exchange.upstream = nil
            exchange.keepsAlive = false
            enqueueEnd(exchange)
            finish()
        default: break
        }
    }
}
