internal import Crypto
internal import FoundationEssentials
public import HTTP

private enum PrincipalKey: RequestContextKey {
    typealias Value = Principal
}

extension HTTPRequest {
    /// Who makes the request; `nil` before ``TokenVerifier/middleware`` has seen it.
    public var principal: Principal? {
        get { context[PrincipalKey.self] }
        set { context[PrincipalKey.self] = newValue }
    }

    /// Who makes the request.
    /// - Throws: ``AuthenticationFailure`` where nobody is known.
    public func requirePrincipal() throws -> Principal {
        guard let principal else { throw AuthenticationFailure(.missing) }
        return principal
    }
}

/// Where a browser keeps what a program sends in `Authorization`.
public enum SessionCookies {
    /// The access token: httpOnly, SameSite.
    public static let accessToken = "atelier_access"
    /// A random text that pages of ours can read, and no other site.
    public static let csrf = "atelier_csrf"
    /// The header in which a page repeats it with each request that changes something.
    public static let csrfHeader = "X-CSRF-Token"

    /// Refuses a change by cookie that no page of ours made: without the header, or with another value than the cookie's.
    /// - Throws: `Problem` 403.
    public static func checkCSRF(_ request: HTTPRequest) throws {
        if [.GET, .HEAD, .OPTIONS].contains(request.method) { return }
        guard let expected = request.cookies[csrf], !expected.isEmpty,
            let given = request.headers[csrfHeader], ConstantTime.areEqual(given, expected)
        else {
            throw Problem(
                .forbidden, code: "csrf", detail: "A change by cookie needs the header \(csrfHeader).")
        }
    }
}

extension TokenVerifier {
    /// Lets requests with a good access token pass, and puts the ``Principal`` into them.
    public var middleware: Middleware {
        { request, next in
            var request = request
            request.principal = try await self.authenticate(request)
            return try await next(request)
        }
    }

    /// A handler that is only called with a good access token.
    public func authenticated(
        _ handler: @escaping @Sendable (HTTPRequest, Principal) async throws -> HTTPResponse
    ) -> Handler {
        { request in
            var request = request
            let principal = try await self.authenticate(request)
            request.principal = principal
            return try await handler(request, principal)
        }
    }

    /// Who makes a request: by `Authorization: Bearer`, or by cookie.
    /// - Throws: ``AuthenticationFailure``; `Problem` 403 for a change by cookie without the CSRF header.
    public func authenticate(_ request: HTTPRequest) async throws -> Principal {
        try await verify(Self.accessToken(of: request))
    }

    /// The access token that a request carries.
    public static func accessToken(of request: HTTPRequest) throws -> String {
        let fields = request.headers.all("Authorization")
        if fields.isEmpty, let cookie = request.cookies[SessionCookies.accessToken] {
            try SessionCookies.checkCSRF(request)
            return cookie
        }
        guard fields.count == 1 else { throw AuthenticationFailure(fields.isEmpty ? .missing : .malformed) }
        let parts = fields[0].split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].equalsIgnoringCase("Bearer"), !parts[1].isEmpty else {
            throw AuthenticationFailure(.malformed)
        }
        return String(parts[1])
    }
}
