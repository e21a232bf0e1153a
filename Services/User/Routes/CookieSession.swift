import Auth
import Crypto
import HTTP

/// The tokens of a browser as cookies: pages cannot read them, and other sites do not send them. What changes something
/// by cookie needs the CSRF header, which only a page of ours can know.
struct CookieSession: Sendable {
    /// The refresh token; sent to `/api/v1/auth` only.
    static let refreshCookie = "atelier_refresh"
    private static let refreshPath = "/api/v1/auth"

    /// Whether browsers may send them over https only.
    let isSecure: Bool
    let refreshLifetime: Duration

    /// The answer for a browser: cookies, and the tokens nowhere else.
    func response(_ signedIn: SignedIn) throws -> HTTPResponse {
        let days = refreshLifetime.components.seconds
        var headers: HTTPHeaders = ["Cache-Control": "no-store"]
        headers.add("Set-Cookie", cookie(SessionCookies.accessToken, signedIn.accessToken, signedIn.expiresIn))
        headers.add("Set-Cookie", cookie(Self.refreshCookie, signedIn.refreshToken, days, path: Self.refreshPath))
        headers.add("Set-Cookie", cookie(SessionCookies.csrf, SecureRandom.token(), days, isReadable: true))
        return try .json(.ok, Answer(user: signedIn.user, expiresIn: signedIn.expiresIn), headers: headers)
    }

    /// Takes the cookies away.
    func end(_ response: inout HTTPResponse) {
        response.headers.add("Set-Cookie", cookie(SessionCookies.accessToken, "", 0))
        response.headers.add("Set-Cookie", cookie(Self.refreshCookie, "", 0, path: Self.refreshPath))
        response.headers.add("Set-Cookie", cookie(SessionCookies.csrf, "", 0, isReadable: true))
    }

    /// The refresh token that a browser sent; `nil` where it sent none.
    /// - Throws: `Problem` 403 without the CSRF header.
    static func refreshToken(of request: HTTPRequest) throws -> String? {
        guard let token = request.cookies[refreshCookie], !token.isEmpty else { return nil }
        try SessionCookies.checkCSRF(request)
        return token
    }

    private func cookie(
        _ name: String, _ value: String, _ seconds: Int64, path: String = "/", isReadable: Bool = false
    ) -> String {
        "\(name)=\(value); Path=\(path); Max-Age=\(seconds); SameSite=Strict" + (isReadable ? "" : "; HttpOnly")
            + (isSecure ? "; Secure" : "")
    }

    private struct Answer: Encodable {
        let user: AccountView
        let expiresIn: Int64
    }
}
