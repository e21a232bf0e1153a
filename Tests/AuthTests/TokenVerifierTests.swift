import Auth
import Crypto
import FoundationEssentials
import HTTP
import Primitives
import Synchronization
import Testing

@Suite struct TokenVerifierTests {
    private func claims(lifetime: Duration = .seconds(600), issuedAt: Date = Date()) -> AccessTokenClaims {
        AccessTokenClaims(
            userID: .v7(), workspaceID: .v7(), role: .creative, sessionID: .v7(), issuedAt: issuedAt, lifetime: lifetime
        )
    }

    @Test func readsWhatTheSignerWrote() async throws {
        let forger = try Forger()
        let claims = claims()
        let token = try TokenSigner(key: forger.key, keyID: forger.keyID).sign(claims)
        #expect(try await forger.verifier.verify(token) == claims.principal)
    }

    @Test func aRememberedTokenStillEndsAndCanBeRevoked() async throws {
        let forger = try Forger()
        let verifier = forger.verifier
        let claims = claims()
        let token = try TokenSigner(key: forger.key, keyID: forger.keyID).sign(claims)
        _ = try await verifier.verify(token)
        await #expect(throws: AuthenticationFailure(.expired)) {
            try await verifier.verify(token, now: claims.principal.expiresAt.addingTimeInterval(10))
        }
        verifier.revocations.revoke(claims.principal.sessionID, until: claims.principal.expiresAt)
        await #expect(throws: AuthenticationFailure(.revoked)) { try await verifier.verify(token) }
    }

    @Test func fetchesNewKeysOnceForManyAndNotTooOften() async throws {
        let (first, second) = (try Forger(), try Forger())
        let served = Mutex((count: 0, keys: first.keySet))
        let directory = KeyDirectory(url: URL(filePath: "/"), floor: .seconds(60)) { _ in
            let keys = served.withLock { state in
                state.count += 1
                return state.keys
            }
            return try JSON.encode(keys)
        }
        let verifier = TokenVerifier(keys: directory)
        let token = try first.token()
        try await withThrowingTaskGroup(of: Principal.self) { group in
            for _ in 0..<50 { group.addTask { try await verifier.verify(token) } }
            for try await _ in group {}
        }
        #expect(served.withLock { $0.count } == 1)
        // A key that nobody knows causes no second fetch within the floor.
        let unknown = try second.token()
        await #expect(throws: AuthenticationFailure(.unknownKey)) { try await verifier.verify(unknown) }
        #expect(served.withLock { $0.count } == 1)
    }

    @Test func rotationAndAnAbsentUserService() async throws {
        let (first, second) = (try Forger(), try Forger())
        let answer = Mutex<JSONWebKeySet?>(nil)
        let directory = KeyDirectory(url: URL(filePath: "/"), floor: .zero) { _ in
            guard let keys = answer.withLock({ $0 }) else { throw CancellationError() }
            return try JSON.encode(keys)
        }
        let verifier = TokenVerifier(keys: directory)
        let (old, new) = (try first.token(), try second.token())
        // Nothing known yet: not the client's fault.
        await #expect(throws: Problem.self) { try await verifier.verify(old) }
        answer.withLock { $0 = first.keySet }
        _ = try await verifier.verify(old)
        answer.withLock { $0 = nil }
        await directory.refresh()
        _ = try await verifier.verify(old)
        answer.withLock { $0 = JSONWebKeySet(keys: first.keySet.keys + second.keySet.keys) }
        _ = try await verifier.verify(new)
        _ = try await verifier.verify(old)
        // Retired: what was remembered of it is forgotten.
        answer.withLock { $0 = second.keySet }
        await directory.refresh()
        await #expect(throws: AuthenticationFailure(.unknownKey)) { try await verifier.verify(old) }
        _ = try await verifier.verify(new)
        // An empty document locks nobody out.
        answer.withLock { $0 = JSONWebKeySet(keys: []) }
        await directory.refresh()
        _ = try await verifier.verify(new)
    }

    @Test func onlyOneAuthorizationFieldOfTheRightScheme() throws {
        func token(_ headers: HTTPHeaders, _ method: HTTPMethod = .GET) throws -> String {
            try TokenVerifier.accessToken(of: HTTPRequest(method: method, target: "/", headers: headers))
        }
        #expect(try token(["Authorization": "Bearer abc"]) == "abc")
        #expect(try token(["Authorization": "bearer abc"]) == "abc")
        for value in ["abc", "Basic abc", "Bearer", "Bearer ", "Bearer  abc", "Bearer a b", ""] {
            #expect(throws: AuthenticationFailure.self) { try token(["Authorization": value]) }
        }
        #expect(throws: AuthenticationFailure.self) { try token([:]) }
        #expect(throws: AuthenticationFailure.self) {
            try token(["Authorization": "Bearer a", "authorization": "Bearer b"])
        }
    }

    @Test func aCookieNeedsTheCSRFHeaderToChangeThings() throws {
        func token(_ method: HTTPMethod, csrf: String?) throws -> String {
            var headers: HTTPHeaders = ["Cookie": "atelier_access=abc; atelier_csrf=xyz"]
            headers["X-CSRF-Token"] = csrf
            return try TokenVerifier.accessToken(of: HTTPRequest(method: method, target: "/", headers: headers))
        }
        #expect(try token(.GET, csrf: nil) == "abc")
        #expect(try token(.POST, csrf: "xyz") == "abc")
        #expect(throws: Problem.self) { try token(.POST, csrf: nil) }
        #expect(throws: Problem.self) { try token(.DELETE, csrf: "other") }
    }
}
