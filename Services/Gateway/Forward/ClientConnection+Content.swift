/// The request's content on its way to the upstream.
extension ClientConnection {
    /// How much may wait for the upstream before no more is read from the client.
    private static let highWater = 65_536
    /// Content at least this long goes through a pipe.
    private static let pipeThreshold: Int64 = 131_072

    /// Moves content as far as both sides let it.
    func pumpContent() {
        guard let exchange, let upstream = exchange.upstream, upstream.isConnected else { return }
        // A client that sends already does not wait for leave.
        if exchange.awaitsContinue, !input.isEmpty { exchange.awaitsContinue = false }
        var budget = 16
        while !exchange.incoming.isDone, !exchange.awaitsContinue, !exchange.hasAnswered, isOpen {
            if upstream.output.count >= Self.highWater, !upstream.flush() { return }
            if case .length(let left) = exchange.incoming, input.isEmpty,
                left >= Self.pipeThreshold || exchange.inPipe != nil
            {
                guard spliceContent(exchange, upstream) else { return }
                continue
            }
            let more = input.isEmpty ? readContent(exchange, upstream) : takeInput(exchange, upstream)
            guard more else { break }
            budget -= 1
            if budget == 0 {
                worker.loop.again(self)
                break
            }
        }
        guard isOpen, self.exchange === exchange else { return }
        upstream.flush()
        if exchange.incoming.isDone { upstream.requestIsSent() }
    }

    private func takeInput(_ exchange: Exchange, _ upstream: UpstreamConnection) -> Bool {
        guard let used = take(input.bytes, exchange, upstream) else { return false }
        input.consume(used)
        return true
    }

    private func readContent(_ exchange: Exchange, _ upstream: UpstreamConnection) -> Bool {
        guard isReadable else { return false }
        let scratch = worker.clientScratch
        switch read(into: scratch) {
        case .moved(let count):
            inPace.add(count)
            let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
            guard let used = take(bytes, exchange, upstream) else { return false }
            if used < count { input.append(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
            return true
        case .blocked: return false
        case .ended, .failed:
            abort()
            return false
        }
    }

    /// Hands content over.
    /// - Returns: how many bytes were used; `nil` where the request was refused.
    private func take(
        _ bytes: UnsafeRawBufferPointer, _ exchange: Exchange, _ upstream: UpstreamConnection
    ) -> Int? {
        switch exchange.incoming {
        case .done: return 0
        case .length(let left):
            let count = Int(min(left, Int64(bytes.count)))
            upstream.enqueue(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            exchange.received += Int64(count)
            exchange.incoming = left == Int64(count) ? .done : .length(left - Int64(count))
            return count
        case .chunked(var decoder):
            var used = 0
            do {
                while used < bytes.count {
                    switch try decoder.next(UnsafeRawBufferPointer(rebasing: bytes[used...])) {
                    case .needsMore: break
                    case .skip(let count): used += count
                    case .content(let count):
                        exchange.received += Int64(count)
                        guard exchange.received <= exchange.contentLimit else { throw Refusal.contentTooLarge }
                        upstream.enqueueChunk(UnsafeRawBufferPointer(rebasing: bytes[used..<used + count]))
                        used += count
                    case .end(let count):
                        upstream.enqueueLastChunk()
                        exchange.incoming = .done
                        return used + count
                    }
                }
            } catch let refusal as Refusal {
                upstream.clientIsGone()
                exchange.upstream = nil
                refuse(refusal)
                return nil
            } catch {
                return nil
            }
            exchange.incoming = .chunked(decoder)
            return used
        }
    }

    /// Moves content through a pipe, without copying it.
    /// - Returns: whether there may be more to do at once.
    private func spliceContent(_ exchange: Exchange, _ upstream: UpstreamConnection) -> Bool {
        guard upstream.flush(), case .length(var left) = exchange.incoming else { return false }
        guard let pipe = exchange.inPipe ?? worker.takePipe() else {
            // No descriptors left for pipes: content is copied instead.
            return readContent(exchange, upstream)
        }
        exchange.inPipe = pipe
        var budget = 16
        while left > 0 || pipe.filled > 0 {
            var moved = false
            if left > 0, isReadable, pipe.filled < Pipe.size {
                switch splice(into: pipe, atMost: Int(left)) {
                case .moved(let count):
                    left -= Int64(count)
                    exchange.received += Int64(count)
                    inPace.add(count)
                    moved = true
                case .blocked: break
                case .ended, .failed:
                    abort()
                    return false
                }
            }
            exchange.incoming = .length(left)
            if pipe.filled > 0, upstream.isWritable {
                switch upstream.splice(from: pipe) {
                case .moved:
                    upstream.noteSent()
                    moved = true
                case .blocked: break
                case .ended, .failed:
                    upstream.pumpAnswer()
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
        exchange.incoming = .done
        worker.giveBack(pipe)
        exchange.inPipe = nil
        return true
    }

    /// Tells the client that its content is welcome.
    func sendContinue() {
        guard let exchange, exchange.awaitsContinue else { return }
        exchange.awaitsContinue = false
        output.append("HTTP/1.1 100 Continue\r\n\r\n")
        flush()
    }
}
