internal import Auth
internal import FoundationEssentials

/// What becomes of a request: refused, answered here, or passed on.
extension ClientConnection {
    /// Deals with a complete head.
    func admit(_ bytes: UnsafeRawBufferPointer, length: Int, isInput: Bool) {
        let exchange = makeExchange(bytes)
        self.exchange = exchange
        let outcome = decide(exchange, bytes)
        if case .waitForKeys = outcome {
            // Everything stays as it came, and is read again when the keys are there.
            self.exchange = nil
            if !isInput { input.append(bytes) }
            return park()
        }
        if case .forward(let upstream) = outcome { writeUpstreamHead(exchange, bytes, upstream) }
        consumeHead(bytes, length: length, isInput: isInput)
        switch outcome {
        case .waitForKeys: break
        case .forward: dispatch(fresh: false)
        case .page(let page): answer(page: page)
        case .preflight: answerPreflight()
        case .allow(let methods): answerOptions(methods)
        case .refuse(let problem): refuse(problem)
        }
    }

    enum Outcome {
        case forward(Upstream)
        case page(Route.Page)
        case preflight
        case allow(MethodSet)
        case refuse(EdgeProblem)
        case waitForKeys
    }

    private func makeExchange(_ bytes: UnsafeRawBufferPointer) -> Exchange {
        var requestID: [UInt8]?
        var trace: TraceContext?
        var traceFields = 0
        for field in parser.fields {
            switch field.known {
            case .requestID:
                if RequestIdentifier.isAcceptable(field.value.of(bytes)) { requestID = [UInt8](field.value.of(bytes)) }
            case .traceparent:
                traceFields += 1
                trace = TraceContext(traceparent: field.value.of(bytes), random: &worker.random)
            default: break
            }
        }
        if traceFields != 1 { trace = nil }
        let clock = worker.loop.clock
        return Exchange(
            head: parser,
            requestID: requestID ?? RequestIdentifier.make(wall: clock.wall, random: &worker.random),
            trace: trace ?? TraceContext(random: &worker.random), began: Clock.monotonic(), beganWall: clock.wall)
    }

    private func decide(_ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) -> Outcome {
        let door = worker.door
        findOrigin(exchange, bytes)
        let path = parser.path.of(bytes)
        guard let method = parser.method else {
            // Not one that any route has: where the path is known, its methods are told.
            guard case .otherMethods(let methods, let index) = door.routes.match(path, nil) else {
                return .refuse(.methodNotKnown)
            }
            exchange.route = index
            return .refuse(.methodNotAllowed(methods))
        }
        if path.count == 1, path[0] == UInt8(ascii: "*") { return .allow(.every) }
        let route: Route
        switch door.routes.match(path, method) {
        case .none: return .refuse(.noSuchRoute)
        case .otherMethods(let methods, let index):
            exchange.route = index
            guard method == .options else { return .refuse(.methodNotAllowed(methods)) }
            if isPreflight(exchange) { return .preflight }
            guard door.routes.routes[index].isTus, case .upstream = door.routes.routes[index].target else {
                return .allow(methods)
            }
            // tus has a meaning of its own for OPTIONS, which needs no token.
            route = door.routes.routes[index]
            return forward(route, exchange, bytes)
        case .found(let index):
            exchange.route = index
            route = door.routes.routes[index]
        }
        if let refusal = checkAccess(route, exchange, bytes) { return refusal }
        return forward(route, exchange, bytes)
    }

    private func forward(_ route: Route, _ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) -> Outcome {
        let settings = worker.door.settings
        switch route.target {
        case .page(let page): return .page(page)
        case .notBuilt(let name): return .refuse(.notBuilt(name))
        case .upstream(let name):
            exchange.contentLimit = route.content == .file ? settings.fileLimit : settings.contentLimit
            if case .length(let count) = exchange.incoming, count > exchange.contentLimit {
                return .refuse(.contentTooLarge(limit: exchange.contentLimit))
            }
            exchange.upstreamName = name
            if !route.isLongLived { exchange.wantsWebSocket = false }
            return .forward(worker.door.upstreams[name.rawValue])
        }
    }

    private func isPreflight(_ exchange: Exchange) -> Bool {
        !exchange.origin.isEmpty && parser.fields.contains { $0.known == .accessControlRequestMethod }
    }

    private func findOrigin(_ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) {
        guard let field = parser.fields.first(where: { $0.known == .origin }) else { return }
        let origin = field.value.of(bytes)
        let policy = worker.door.crossOrigin
        guard origin.count <= 256, policy.allows(origin) else { return }
        exchange.origin = [UInt8](origin)
        exchange.allowsCookies = policy.names(origin)
    }

    // MARK: Who may pass

    private func checkAccess(_ route: Route, _ exchange: Exchange, _ bytes: UnsafeRawBufferPointer) -> Outcome? {
        let door = worker.door
        let address = clientAddress(bytes).client
        let subject = RateLimiter.Subject(high: address.high, low: address.low)
        switch route.access {
        case .open, .signIn:
            // The scheme of the services among themselves has no business at the public door.
            if case .unusable = Credentials.find(in: parser, bytes), parser.authorization != nil {
                return .refuse(.unauthorized)
            }
            return limit(route.access == .signIn ? .signIn : .open, subject, exchange)
        case .person: break
        }
        let rules = door.rules
        if rules[.refused].isOn {
            let decision = door.limiter.take(rules[.refused], subject, now: worker.loop.clock.now, counts: false)
            if !decision.isAllowed {
                exchange.rate = decision
                return .refuse(.tooManyRequests(decision))
            }
        }
        switch checkToken(route, bytes) {
        case .good(let principal): exchange.principal = principal
        case .waitForKeys: return .waitForKeys
        case .withoutCSRF: return .refuse(.withoutCSRF)
        case .foreignOrigin: return .refuse(.foreignOrigin)
        case .unavailable: return .refuse(.keysUnavailable)
        case .bad:
            if let refusal = limit(.refused, subject, exchange) { return refusal }
            return .refuse(.unauthorized)
        }
        guard let principal = exchange.principal else { return .refuse(.unauthorized) }
        let person = RateLimiter.Subject(principal.userID)
        if let refusal = limit(.person, person, exchange) { return refusal }
        if let rule = route.rule, let refusal = limit(rule, person, exchange) { return refusal }
        return nil
    }

    /// Counts a request; keeps the decision that is nearest to a refusal, for the answer's fields.
    private func limit(_ name: RateRule.Name, _ subject: RateLimiter.Subject, _ exchange: Exchange) -> Outcome? {
        let rule = worker.door.rules[name]
        guard rule.isOn else { return nil }
        let decision = worker.door.limiter.take(rule, subject, now: worker.loop.clock.now)
        if let known = exchange.rate, known.remaining < decision.remaining, decision.isAllowed { return nil }
        exchange.rate = decision
        return decision.isAllowed ? nil : .refuse(.tooManyRequests(decision))
    }

    private enum TokenCheck { case good(Principal), bad, withoutCSRF, foreignOrigin, waitForKeys, unavailable }

    private func checkToken(_ route: Route, _ bytes: UnsafeRawBufferPointer) -> TokenCheck {
        let range: ByteRange
        switch Credentials.find(in: parser, bytes) {
        case .none, .unusable: return .bad
        case .withoutCSRF: return .withoutCSRF
        case .token(let token): range = token
        }
        // A browser lets any page open a WebSocket, with the cookies of the person: only named origins may.
        if parser.authorization == nil, parser.wantsWebSocket, !isOwnOrigin(bytes) { return .foreignOrigin }
        let token = range.of(bytes)
        let verifier = worker.door.verifier
        let wall = worker.loop.clock.wall
        if let principal = worker.tokens.principal(token, wall: wall) {
            return verifier.revocations.contains(principal.sessionID) ? .bad : .good(principal)
        }
        do {
            let principal = try verifier.verifyNow(token.text, now: Date(timeIntervalSince1970: Double(wall) / 1000))
            worker.tokens.remember(token, principal, wall: wall)
            return .good(principal)
        } catch {
            guard error.reason == .unknownKey else { return .bad }
            guard hasAskedForKeys else { return .waitForKeys }
            return verifier.keys.isReady ? .bad : .unavailable
        }
    }

    private func isOwnOrigin(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let field = parser.fields.first(where: { $0.known == .origin }) else { return false }
        let origin = field.value.of(bytes)
        if worker.door.crossOrigin.names(origin) { return true }
        guard let host = parser.host.map({ parser.fields[$0].value.of(bytes) }) else { return false }
        let start = origin.hasPrefix("https://") ? 8 : origin.hasPrefix("http://") ? 7 : 0
        return start > 0 && origin[start...].elementsEqual(host)
    }

    /// Waits for keys without holding the loop up; see ``KeyDirectory``.
    private func park() {
        hasAskedForKeys = true
        phase = .parked
        deadline = worker.loop.clock.now + 5_000
        let keys = worker.door.verifier.keys
        let box = LoopBox(self)
        let loop = worker.loop
        Task {
            await keys.refresh()
            loop.submit { box.value?.unpark() }
        }
    }

    private func unpark() {
        guard isOpen, case .parked = phase else { return }
        parser.reset()
        phase = .head
        proceed()
    }

    // MARK: Whose address counts

    /// The client's address: the peer's, or what trusted proxies in front of us say.
    func clientAddress(_ bytes: UnsafeRawBufferPointer) -> NetworkAddress {
        let hops = worker.door.settings.trustedProxies
        guard hops > 0 else { return peer }
        var addresses: [NetworkAddress] = []
        for field in parser.fields where field.known == .forwardedFor {
            ListItems.forEach(in: field.value.of(bytes)) { item in
                if let address = NetworkAddress(item.text) { addresses.append(address) }
            }
        }
        return addresses.count >= hops ? addresses[addresses.count - hops] : peer
    }
}

extension RateLimiter.Subject {
    /// A person.
    init(_ id: UUID) {
        let bytes = id.uuid
        func word(_ parts: [UInt8]) -> UInt64 { parts.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(
            high: word([bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5, bytes.6, bytes.7]),
            low: word([bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15]))
    }
}
