/// The way to a service.
extension ClientConnection {
    /// Writes the head as the service gets it: the client's fields without those that concern this connection only, and
    /// without those that only the gateway may set (R41).
    func writeUpstreamHead(_ exchange: Exchange, _ bytes: UnsafeRawBufferPointer, _ upstream: Upstream) {
        exchange.head.append(exchange.method?.name ?? "GET")
        exchange.head.append(byte: 0x20)
        exchange.head.append(parser.target.of(bytes))
        exchange.head.append(" HTTP/1.1\r\nhost: ")
        if let host = parser.host {
            exchange.head.append(parser.fields[host].value.of(bytes))
        } else {
            exchange.head.append("\(upstream.host):\(upstream.port)")
        }
        exchange.head.append("\r\n")
        var connection: [ByteRange] = []
        if parser.connectionNamesFields {
            connection = parser.fields.filter { $0.known == .connection }.map(\.value)
        }
        let keepsState = exchange.trace.parent != 0
        for field in parser.fields {
            switch field.known {
            case .host, .contentLength, .transferEncoding, .connection, .keepAlive, .proxyConnection, .te, .trailer,
                .upgrade, .expect, .proxyAuthorization, .requestID, .traceparent, .forwarded, .forwardedFor,
                .forwardedProto, .via, .identity, .server, .date:
                continue
            // tus has it for clients behind proxies that know only GET and POST; elsewhere it would hide what is done.
            case .methodOverride: guard currentRoute?.isTus == true else { continue }
            case .tracestate:
                guard keepsState, field.value.count <= TraceContext.longestState else { continue }
            case .other:
                if connection.contains(where: { ListItems.contains(field.name.of(bytes), in: $0.of(bytes)) }) {
                    continue
                }
            default: break
            }
            exchange.head.append(field.name.of(bytes))
            exchange.head.append(": ")
            exchange.head.append(field.value.of(bytes))
            exchange.head.append("\r\n")
        }
        writeOwnFields(exchange, bytes)
        exchange.head.append("\r\n")
    }

    private func writeOwnFields(_ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) {
        exchange.head.append("x-forwarded-for: ")
        exchange.head.append(addressText)
        if worker.door.settings.trustedProxies > 0 {
            let client = clientAddress(bytes)
            if client != peer {
                exchange.head.removeLast(addressText.count)
                exchange.head.append(client.text)
                exchange.head.append(", ")
                exchange.head.append(addressText)
            }
        }
        exchange.head.append(isSecure(bytes) ? "\r\nx-forwarded-proto: https" : "\r\nx-forwarded-proto: http")
        exchange.head.append("\r\nx-request-id: ")
        exchange.head.append(exchange.requestID)
        exchange.head.append("\r\ntraceparent: ")
        exchange.head.append(traceparent: exchange.trace)
        exchange.head.append("\r\n")
        switch exchange.incoming {
        case .done:
            // A POST without content says so (RFC 9110 §8.6).
            if exchange.method == .post || exchange.method == .put || exchange.method == .patch {
                exchange.head.append("content-length: 0\r\n")
            }
        case .length(let count):
            exchange.head.append("content-length: ")
            exchange.head.append(decimal: count)
            exchange.head.append("\r\n")
        case .chunked: exchange.head.append("transfer-encoding: chunked\r\n")
        }
        if exchange.awaitsContinue { exchange.head.append("expect: 100-continue\r\n") }
        if exchange.wantsWebSocket { exchange.head.append("connection: upgrade\r\nupgrade: websocket\r\n") }
    }

    /// Whether the request came over TLS, as far as we can know: through a trusted proxy that says so.
    func isSecure(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard worker.door.settings.trustedProxies > 0,
            let field = parser.fields.last(where: { $0.known == .forwardedProto })
        else { return false }
        return field.value.of(bytes).equalsIgnoringCase("https")
    }

    /// Gives the request to a connection of its service.
    /// - Parameter fresh: whether a connection from the pool will not do.
    func dispatch(fresh: Bool) {
        guard let exchange, let name = exchange.upstreamName else { return }
        let upstream = worker.door.upstreams[name.rawValue]
        if exchange.attempts == 0, case .refuse(let wait) = upstream.admit(now: worker.loop.clock.now) {
            if let mode = upstream.mode { return refuse(.upstream(name, status: 503, mode: mode)) }
            return refuse(
                .unavailable(
                    "The service \(name.text) cannot be reached at the moment.",
                    retryAfter: max(1, Int((min(wait, 5_000) + 999) / 1000))))
        }
        if !fresh,
            let connection = worker.takeIdle(name, mustBeQuiet: !exchange.canBeSentAgain || !exchange.incoming.isDone)
        {
            return connection.begin(self, exchange)
        }
        guard upstream.connections < worker.door.settings.upstreamConnections else {
            return refuse(.unavailable("The service \(name.text) has too much to do.", retryAfter: 1))
        }
        guard let address = upstream.nextAddress(), let descriptor = Socket.connect(address) else {
            upstream.failed(now: worker.loop.clock.now)
            return refuse(.upstream(name, status: 503, mode: upstream.mode))
        }
        let connection = UpstreamConnection(descriptor: descriptor, upstream: upstream, worker: worker)
        worker.loop.add(connection)
        connection.begin(self, exchange)
    }

    /// Answers that the service failed.
    func refuseUpstream(_ failure: UpstreamConnection.Failure) {
        guard let name = exchange?.upstreamName else { return }
        refuse(.upstream(name, status: failure.status, mode: worker.door.upstreams[name.rawValue].mode))
    }
}
