public import FoundationEssentials
public import Primitives

/// The content of an access token (RFC 9068, JWT profile for OAuth 2.0 access tokens). Times are whole seconds.
public struct AccessTokenClaims: Sendable, Hashable {
    /// `iss` of every token of this product.
    public static let issuer = "atelier"
    /// `aud` of an access token.
    public static let audience = "atelier-api"
    /// `typ` in the header of an access token.
    public static let type = "at+jwt"
    /// No access token lives longer, in seconds: one that says so was not made by us.
    static let longestLife: Int64 = 86_400

    /// `sub`, `wsp`, `role`, `sid` and `exp`.
    public let principal: Principal
    /// `jti`.
    public let id: UUID
    /// `iat` and `nbf`.
    public let issuedAt: Date

    /// - Parameter lifetime: how long the token holds, whole seconds.
    public init(
        userID: UUID, workspaceID: UUID, role: Role, sessionID: UUID, id: UUID = .v7(), issuedAt: Date = Date(),
        lifetime: Duration
    ) {
        let start = Int64(issuedAt.timeIntervalSince1970)
        self.id = id
        self.issuedAt = Date(timeIntervalSince1970: Double(start))
        principal = Principal(
            userID: userID, workspaceID: workspaceID, role: role, sessionID: sessionID,
            expiresAt: Date(timeIntervalSince1970: Double(start + lifetime.components.seconds)))
    }

    private init(principal: Principal, id: UUID, issuedAt: Date) {
        self.principal = principal
        self.id = id
        self.issuedAt = issuedAt
    }

    /// The claims as JSON.
    func encoded() throws -> Data {
        try JSON.encode(
            JSONValue.object([
                "iss": .string(Self.issuer), "aud": .string(Self.audience), "sub": .string(principal.userID.text),
                "wsp": .string(principal.workspaceID.text), "role": .string(principal.role.rawValue),
                "sid": .string(principal.sessionID.text), "jti": .string(id.text),
                "iat": .int(Int64(issuedAt.timeIntervalSince1970)), "nbf": .int(Int64(issuedAt.timeIntervalSince1970)),
                "exp": .int(Int64(principal.expiresAt.timeIntervalSince1970)),
            ]))
    }

    /// Reads claims and checks each of them against the time.
    /// - Parameter leeway: how far clocks may differ, seconds.
    static func read(_ payload: Data, now: Date, leeway: Int64) throws(AuthenticationFailure) -> AccessTokenClaims {
        guard let members = StrictJSONObject.members(payload) else { throw .init(.malformed) }
        guard members["iss"]?.string == issuer else { throw .init(.wrongIssuer) }
        guard members["aud"]?.string == audience else { throw .init(.wrongAudience) }
        let seconds = Int64(now.timeIntervalSince1970)
        guard let expiry = members["exp"]?.integer, let issued = members["iat"]?.integer,
            let start = members["nbf"]?.integer
        else { throw .init(.malformed) }
        guard expiry > seconds - leeway else { throw .init(.expired) }
        guard issued <= seconds + leeway, start <= seconds + leeway else { throw .init(.notYetValid) }
        guard issued >= 0, expiry > issued, expiry - issued <= longestLife else { throw .init(.wrongLifetime) }
        guard let user = id(members["sub"]), let workspace = id(members["wsp"]), let session = id(members["sid"]),
            let token = id(members["jti"]), let role = members["role"]?.string.flatMap(Role.init)
        else { throw .init(.malformed) }
        return AccessTokenClaims(
            principal: Principal(
                userID: user, workspaceID: workspace, role: role, sessionID: session,
                expiresAt: Date(timeIntervalSince1970: Double(expiry))),
            id: token, issuedAt: Date(timeIntervalSince1970: Double(issued)))
    }

    /// An identifier in its one form: another spelling would make two tokens of one.
    private static func id(_ member: StrictJSONObject.Member?) -> UUID? {
        guard let text = member?.string, text.utf8.count == 36, let id = UUID(uuidString: text), id.text == text else {
            return nil
        }
        return id
    }
}
