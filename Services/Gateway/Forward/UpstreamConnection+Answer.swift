/// The answer on its way to the client.
extension UpstreamConnection {
    /// How much may wait for the client before no more is read from the upstream.
    private static let highWater = 65_536
    /// Content at least this long goes through a pipe.
    private static let pipeThreshold: Int64 = 131_072

    /// Moves the answer as far as both sides let it.
    func pumpAnswer() {
        guard phase == .active, isOpen, let client, let exchange = client.exchange else { return }
        var budget = 16
        while isOpen, self.client === client, isReadable || !input.isEmpty || (exchange.outPipe?.filled ?? 0) > 0 {
            if client.output.count >= Self.highWater, !client.flush() { return }
            if case .length(let left) = answer, input.isEmpty,
                left >= Self.pipeThreshold || exchange.outPipe != nil
            {
                guard spliceAnswer(left, client, exchange) else { return }
                continue
            }
            guard isReadable else { break }
            guard readAnswer(client) else { break }
            budget -= 1
            if budget == 0 {
                worker.loop.again(self)
                break
            }
        }
        if client.isOpen { client.flush() }
    }

    /// - Returns: whether there may be more.
    private func readAnswer(_ client: ClientConnection) -> Bool {
        if input.isEmpty {
            let scratch = worker.upstreamScratch
            switch read(into: scratch) {
            case .moved(let count):
                noteSent()
                let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
                let used = process(bytes, client)
                if isOpen, self.client === client, used < count {
                    input.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
                }
                return true
            case .blocked: return false
            case .ended, .failed: ended(client)
            }
        } else {
            switch read(into: UnsafeMutableRawBufferPointer(rebasing: input.space(16_384).prefix(65_536))) {
            case .moved(let count):
                noteSent()
                input.commit(count)
                let used = process(input.bytes, client)
                if isOpen, self.client === client { input.consume(used) }
                return true
            case .blocked: return false
            case .ended, .failed: ended(client)
            }
        }
        return false
    }

    private func ended(_ client: ClientConnection) {
        guard case .untilClose = answer else { return fail(.ended) }
        complete(client)
    }

    /// Deals with bytes of the answer.
    /// - Returns: how many were used.
    private func process(_ bytes: UnsafeRawBufferPointer, _ client: ClientConnection) -> Int {
        guard let exchange = client.exchange else { return bytes.count }
        var used = 0
        do {
            while used < bytes.count, isOpen, self.client === client {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
                switch answer {
                case .head:
                    guard case .complete(let length) = try parser.advance(rest, isToHead: exchange.isToHead) else {
                        return used
                    }
                    used += length
                    let head = UnsafeRawBufferPointer(rebasing: rest[..<length])
                    if !takeHead(head, client, exchange, surplus: rest.count - length) { return used }
                    if phase == .tunnel {
                        client.output.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
                        client.pumpTunnel()
                        return bytes.count
                    }
                case .length(let left):
                    let count = Int(min(left, Int64(rest.count)))
                    client.enqueue(UnsafeRawBufferPointer(rebasing: rest[..<count]))
                    exchange.sent += Int64(count)
                    used += count
                    if left == Int64(count) {
                        finish(client, surplus: bytes.count - used)
                        return bytes.count
                    }
                    answer = .length(left - Int64(count))
                case .chunked(var decoder):
                    switch try decoder.next(rest) {
                    case .needsMore: return used
                    case .skip(let count): used += count
                    case .content(let count):
                        client.enqueueContent(UnsafeRawBufferPointer(rebasing: rest[..<count]), exchange)
                        used += count
                    case .end(let count):
                        used += count
                        client.enqueueEnd(exchange)
                        finish(client, surplus: bytes.count - used)
                        return bytes.count
                    }
                    answer = .chunked(decoder)
                case .untilClose:
                    client.enqueueContent(rest, exchange)
                    used = bytes.count
                }
            }
        } catch {
            fail(.malformed)
            return bytes.count
        }
        return used
    }

    /// Deals with the head of an answer.
    /// - Parameter surplus: how many bytes follow it.
    /// - Returns: whether the answer goes on.
    private func takeHead(
        _ head: UnsafeRawBufferPointer, _ client: ClientConnection, _ exchange: Exchange, surplus: Int
    ) -> Bool {
        if parser.status == 101 {
            guard exchange.wantsWebSocket else {
                fail(.malformed)
                return false
            }
            upstream.succeeded()
            phase = .tunnel
            client.beginTunnel(parser, head)
            return true
        }
        if parser.status < 200 {
            let isContinue = parser.status == 100
            parser.reset()
            if isContinue {
                client.sendContinue()
                client.pumpContent()
            }
            return isOpen
        }
        upstream.succeeded()
        if parser.status >= 400, parser.isPage(head) {
            refusedUnread(client, exchange)
            return false
        }
        client.beginAnswer(parser, head)
        switch parser.framing {
        case .none:
            finish(client, surplus: surplus)
            return false
        case .length(let count): answer = .length(count)
        case .chunked: answer = .chunked(ChunkDecoder(limits: .upstream))
        case .untilClose: answer = .untilClose
        }
        return true
    }

    private func complete(_ client: ClientConnection) {
        if let exchange = client.exchange { client.enqueueEnd(exchange) }
        finish(client, surplus: 0)
    }

    /// The answer is complete.
    /// - Parameter surplus: bytes after it, which nobody asked for.
    private func finish(_ client: ClientConnection, surplus: Int) {
        client.exchange?.upstream = nil
        let isClean = surplus == 0
        if isClean {
            release()
        } else {
            close()
        }
        client.finish()
    }

    /// Moves content through a pipe, without copying it.
    /// - Returns: whether there may be more to do at once.
    private func spliceAnswer(_ length: Int64, _ client: ClientConnection, _ exchange: Exchange) -> Bool {
        guard client.flush() else { return false }
        guard let pipe = exchange.outPipe ?? worker.takePipe() else { return readAnswer(client) }
        exchange.outPipe = pipe
        var left = length
        var budget = 16
        while left > 0 || pipe.filled > 0 {
            var moved = false
            if left > 0, isReadable, pipe.filled < Pipe.size {
                switch splice(into: pipe, atMost: Int(left)) {
                case .moved(let count):
                    left -= Int64(count)
                    exchange.sent += Int64(count)
                    noteSent()
                    moved = true
                case .blocked: break
                case .ended, .failed:
                    fail(.ended)
                    return false
                }
                // 0 is told from "none left" by the pipe: the answer ends when both are empty.
                answer = .length(left)
            }
            if pipe.filled > 0, client.isWritable {
                switch client.splice(from: pipe) {
                case .moved(let count):
                    client.outPace.add(count)
                    moved = true
                case .blocked: break
                case .ended, .failed:
                    client.abort()
                    return false
                }
            }
            guard moved else { return false }
            budget -= 1
            if budget == 0 {
                worker.loop.again(self)
                return false
            }
        }
        finish(client, surplus: 0)
        return false
    }
}
