internal import HTTP

/// Answers: those of services, with the gateway's fields, and the gateway's own.
extension ClientConnection {
    // MARK: Answers of services

    /// Writes the head of a service's answer.
    func beginAnswer(_ head: borrowing ResponseParser, _ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        exchange.status = head.status
        exchange.hasAnswered = true
        exchange.settleKeepAlive()
        exchange.awaitsContinue = false
        writeStatusLine(head.status)
        var present: UInt64 = 0
        var length: ByteRange?
        for field in head.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade, .date, .server,
                .via, .proxyAuthenticate, .requestID, .rateLimitLimit, .rateLimitRemaining, .rateLimitReset,
                .allowOrigin, .allowCredentials, .allowMethods, .allowHeaders, .exposeHeaders, .maxAge, .identity,
                .traceparent, .tracestate, .strictTransportSecurity:
                continue
            case .contentLength:
                length = field.value
                continue
            case .other: break
            default: present |= 1 << UInt64(field.known.rawValue)
            }
            write(field, bytes)
        }
        switch head.framing {
        case .length(let count):
            output.append("Content-Length: ")
            output.append(decimal: count)
            output.append("\r\n")
        case .chunked, .untilClose:
            if exchange.isVersion11 {
                exchange.isAnswerChunked = true
                output.append("Transfer-Encoding: chunked\r\n")
            } else {
                exchange.keepsAlive = false
            }
        case .none:
            // An answer to HEAD, and a 304, say how long the content would be.
            if let length, head.status != 204 {
                output.append("Content-Length: ")
                output.append(length.of(bytes))
                output.append("\r\n")
            } else if head.status != 204, head.status != 304, !exchange.isToHead {
                output.append("Content-Length: 0\r\n")
            }
        }
        endHead(exchange, present: present, isMedia: currentRoute?.isMedia ?? false)
    }

    private func write(_ field: FieldLine, _ bytes: UnsafeRawBufferPointer) {
        output.append(field.name.of(bytes))
        output.append(": ")
        output.append(field.value.of(bytes))
        output.append("\r\n")
    }

    /// Writes content of an answer whose length is not known.
    func enqueueContent(_ bytes: UnsafeRawBufferPointer, _ exchange: Exchange) {
        guard !bytes.isEmpty else { return }
        exchange.sent += Int64(bytes.count)
        guard exchange.isAnswerChunked else { return enqueue(bytes) }
        output.append(hex: UInt64(bytes.count))
        output.append("\r\n")
        enqueue(bytes)
        output.append("\r\n")
    }

    /// Writes the end of such an answer.
    func enqueueEnd(_ exchange: Exchange) {
        if exchange.isAnswerChunked { output.append("0\r\n\r\n") }
    }

    // MARK: The gateway's own answers

    /// Answers with a problem.
    func refuse(_ problem: EdgeProblem) {
        guard let exchange else { return }
        if problem.closes { exchange.keepsAlive = false }
        var body = ByteQueue()
        body.append("{\"code\":\"")
        body.append(problem.code)
        body.append("\",\"detail\":\"")
        body.append(problem.detail)
        if problem.namesRequest {
            body.append("\",\"requestId\":\"")
            body.append(exchange.requestID)
        }
        body.append("\",\"status\":")
        body.append(decimal: Int64(problem.status))
        body.append(",\"title\":\"")
        body.append(HTTPStatus(problem.status).reason)
        body.append("\",\"type\":\"about:blank\"}")
        beginOwnAnswer(exchange, status: problem.status)
        output.append("Content-Type: application/problem+json\r\nCache-Control: no-store\r\n")
        output.append(problem.lines)
        if currentRoute?.isTus == true { output.append("Tus-Resumable: 1.0.0\r\n") }
        endOwnAnswer(exchange, body.bytes, isPage: false)
    }

    /// Answers content that cannot be understood, or that is too much; the connection ends.
    func refuse(_ refusal: Refusal) { refuse(EdgeProblem(refusal)) }

    /// Answers a head that cannot be understood; the connection ends.
    func refuseHead(_ refusal: Refusal) {
        let clock = worker.loop.clock
        exchange = Exchange(
            head: parser, requestID: RequestIdentifier.make(wall: clock.wall, random: &worker.random),
            trace: TraceContext(random: &worker.random), began: Clock.monotonic(), beganWall: clock.wall)
        phase = .exchange
        refuse(EdgeProblem(refusal))
    }

    /// Answers a request whose token could not be checked in time.
    func refuseUnavailable(_ detail: String) {
        let clock = worker.loop.clock
        exchange = Exchange(
            head: parser, requestID: RequestIdentifier.make(wall: clock.wall, random: &worker.random),
            trace: TraceContext(random: &worker.random), began: Clock.monotonic(), beganWall: clock.wall)
        exchange?.keepsAlive = false
        phase = .exchange
        refuse(.unavailable(detail))
    }

    /// Answers with a page of the gateway's.
    func answer(page: Route.Page) {
        guard let exchange else { return }
        let content = worker.door.pages.content(page)
        beginOwnAnswer(exchange, status: content.status)
        output.append("Content-Type: ")
        output.append(content.type)
        output.append("\r\nCache-Control: ")
        output.append(content.caching)
        output.append("\r\n")
        content.body.withUnsafeBytes { endOwnAnswer(exchange, $0, isPage: content.isDocument) }
    }

    /// Answers a browser that asks whether a page of another origin may call.
    func answerPreflight() {
        guard let exchange else { return }
        beginOwnAnswer(exchange, status: 204)
        output.append(CrossOrigin.preflight)
        endOwnAnswer(exchange, UnsafeRawBufferPointer(start: nil, count: 0), isPage: false)
    }

    /// Answers OPTIONS.
    func answerOptions(_ methods: MethodSet) {
        guard let exchange else { return }
        beginOwnAnswer(exchange, status: 204)
        output.append("Allow: ")
        output.append(methods.union(.options).list)
        output.append("\r\n")
        endOwnAnswer(exchange, UnsafeRawBufferPointer(start: nil, count: 0), isPage: false)
    }

    private func beginOwnAnswer(_ exchange: Exchange, status: Int) {
        exchange.status = status
        exchange.hasAnswered = true
        exchange.settleKeepAlive()
        writeStatusLine(status)
    }

    private func endOwnAnswer(_ exchange: Exchange, _ body: UnsafeRawBufferPointer, isPage: Bool) {
        if exchange.status != 204 {
            output.append("Content-Length: ")
            output.append(decimal: Int64(body.count))
            output.append("\r\n")
        }
        var present: UInt64 = 0
        if isPage {
            output.append(PageStore.policy)
            present = 1 << UInt64(FieldName.contentSecurityPolicy.rawValue)
        }
        endHead(exchange, present: present, isMedia: false)
        if !exchange.isToHead, exchange.status != 204 {
            exchange.sent += Int64(body.count)
            enqueue(body)
        }
        finish()
    }

    // MARK: Parts of a head

    private func writeStatusLine(_ status: Int) {
        output.append(worker.door.statusLine(status))
        worker.loop.clock.appendDate(to: &output)
    }

    /// Writes the fields that every answer has, and the end of the head.
    /// - Parameter present: the known fields that stand there already.
    private func endHead(_ exchange: Exchange, present: UInt64, isMedia: Bool) {
        output.append("X-Request-Id: ")
        output.append(exchange.requestID)
        output.append("\r\n")
        for header in SecurityHeaders.lines
        where (!isMedia || header.forMedia) && present & (1 << UInt64(header.name.rawValue)) == 0 {
            output.append(header.line)
        }
        if worker.door.settings.isSecure { output.append(SecurityHeaders.strictTransport) }
        if let rate = exchange.rate {
            output.append("RateLimit-Limit: ")
            output.append(decimal: Int64(rate.limit))
            output.append("\r\nRateLimit-Remaining: ")
            output.append(decimal: Int64(rate.remaining))
            output.append("\r\nRateLimit-Reset: ")
            output.append(decimal: Int64(rate.reset))
            output.append("\r\n")
        }
        if !exchange.origin.isEmpty {
            output.append("Access-Control-Allow-Origin: ")
            output.append(exchange.origin)
            output.append("\r\nVary: origin\r\n")
            if exchange.allowsCookies { output.append("Access-Control-Allow-Credentials: true\r\n") }
            output.append(CrossOrigin.exposed)
        }
        if worker.isDraining || worker.door.isLeaving { exchange.keepsAlive = false }
        if !exchange.keepsAlive {
            output.append("Connection: close\r\n")
        } else if !exchange.isVersion11 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
    }

    // MARK: WebSocket

    /// Passes a change of protocol on; from now on bytes go both ways as they are.
    func beginTunnel(_ head: borrowing ResponseParser, _ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        exchange.status = 101
        exchange.hasAnswered = true
        exchange.keepsAlive = false
        phase = .tunnel
        output.append(worker.door.statusLine(101))
        for field in head.fields where field.known == .other || field.known == .webSocketProtocol {
            write(field, bytes)
        }
        output.append("Connection: upgrade\r\nUpgrade: websocket\r\nX-Request-Id: ")
        output.append(exchange.requestID)
        output.append("\r\n\r\n")
    }
}
