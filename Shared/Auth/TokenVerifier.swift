internal import Crypto
public import FoundationEssentials
internal import HTTP
internal import Synchronization

/// Checks access tokens. Every service has one: the gateway is not the only wall.
public final class TokenVerifier: Sendable {
    private struct Known {
        let principal: Principal
        let generation: Int
    }

    /// The keys that it trusts.
    public let keys: KeyDirectory
    /// The sessions whose tokens it refuses although they are good.
    public let revocations: SessionRevocations
    private let leeway: Int64
    private let capacity: Int
    private let known = Mutex<[String: Known]>([:])

    /// - Parameters:
    ///   - leeway: how far clocks may differ.
    ///   - capacity: how many tokens are remembered as good until they end, so that the signature of one is not checked
    ///     at each request; 0 for none. Time and revocation are checked always.
    public init(
        keys: KeyDirectory, revocations: SessionRevocations = SessionRevocations(), leeway: Duration = .seconds(5),
        capacity: Int = 4096
    ) {
        self.keys = keys
        self.revocations = revocations
        self.leeway = leeway.components.seconds
        self.capacity = capacity
    }

    /// Who the token says makes the request; asks for new keys where its key is not known.
    /// - Throws: ``AuthenticationFailure``; `Problem` 503 where no key could be had so far.
    public func verify(_ token: String, now: Date = Date()) async throws -> Principal {
        do { return try verifyNow(token, now: now) } catch  where error.reason == .unknownKey {
            await keys.refresh()
            guard keys.isReady else { throw Problem.unavailable("Tokens cannot be checked at the moment.") }
            return try verifyNow(token, now: now)
        }
    }

    /// The same with the keys at hand, without waiting.
    /// - Throws: ``AuthenticationFailure``, with reason `unknownKey` where ``verify(_:now:)`` may know more.
    public func verifyNow(_ token: String, now: Date = Date()) throws(AuthenticationFailure) -> Principal {
        let generation = keys.generation
        if let known = known.withLock({ $0[token] }), known.generation == generation {
            guard known.principal.expiresAt.timeIntervalSince1970 > now.timeIntervalSince1970 - Double(leeway) else {
                throw .init(.expired)
            }
            return try checked(known.principal)
        }
        let signed = try CompactJWS(token)
        guard signed.type == AccessTokenClaims.type else { throw .init(.wrongType) }
        guard let key = keys.key(signed.keyID) else { throw .init(.unknownKey) }
        guard key.isValid(signed.signature, for: signed.signingInput) else { throw .init(.badSignature) }
        let claims = try AccessTokenClaims.read(signed.payload, now: now, leeway: leeway)
        remember(token, Known(principal: claims.principal, generation: generation), now: now)
        return try checked(claims.principal)
    }

    private func checked(_ principal: Principal) throws(AuthenticationFailure) -> Principal {
        if revocations.contains(principal.sessionID) { throw .init(.revoked) }
        return principal
    }

    private func remember(_ token: String, _ entry: Known, now: Date) {
        guard capacity > 0 else { return }
        known.withLock { known in
            if known.count >= capacity {
                known = known.filter { $0.value.principal.expiresAt > now && $0.value.generation == entry.generation }
                if known.count >= capacity { known.removeAll(keepingCapacity: true) }
            }
            known[token] = entry
        }
    }
}
