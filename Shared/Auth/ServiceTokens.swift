internal import Crypto
internal import FoundationEssentials
public import HTTP
internal import Primitives

/// Proof that a request comes from a service of this fleet: `Authorization: Atelier-Service <service>.<expiry>.<mac>`,
/// for one audience and one minute. Routes under `/internal/v1` ask for it; the gateway never routes them.
public struct ServiceTokens: Sendable {
    /// The authentication scheme.
    public static let scheme = "Atelier-Service"
    private static let lifetime: Int64 = 60

    /// The name of this service: what it says when it calls, and the audience that it accepts.
    public let service: String
    private let key: Data

    /// - Parameter secret: `SERVICE_SECRET`, the same in the whole fleet.
    public init(secret: String, service: String) {
        self.service = service
        // A key of its own, so that no other use of the secret can make a token.
        key = HMACSHA256.code(for: Data("atelier service token v1".utf8), key: Data(secret.utf8))
    }

    /// The value of `Authorization` for a call to `audience`, which is a service of the fleet.
    public func authorization(for audience: String) -> String { authorization(for: audience, now: Date()) }

    func authorization(for audience: String, now: Date) -> String {
        let expiry = Int64(now.timeIntervalSince1970) + Self.lifetime
        return "\(Self.scheme) \(service).\(expiry).\(code(caller: service, audience: audience, expiry).base64URL)"
    }

    /// The service that a value of `Authorization` proves; `nil` where it proves none.
    public func caller(_ authorization: String) -> String? { caller(authorization, now: Date()) }

    func caller(_ authorization: String, now: Date) -> String? {
        let words = authorization.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0].equalsIgnoringCase(Self.scheme), words[1].utf8.count <= 256 else { return nil }
        let parts = words[1].split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let expiry = Int64(parts[1]), String(expiry) == parts[1],
            let code = Data(base64URL: parts[2]),
            ConstantTime.areEqual(code, self.code(caller: String(parts[0]), audience: service, expiry))
        else { return nil }
        let seconds = Int64(now.timeIntervalSince1970)
        guard expiry > seconds, expiry <= seconds + 2 * Self.lifetime else { return nil }
        return String(parts[0])
    }

    /// Lets requests of the fleet's services pass.
    public var middleware: Middleware {
        { request, next in
            let fields = request.headers.all("Authorization")
            guard let field = fields.first else { throw AuthenticationFailure(.missing) }
            guard fields.count == 1, self.caller(field) != nil else { throw AuthenticationFailure(.badServiceToken) }
            return try await next(request)
        }
    }

    private func code(caller: String, audience: String, _ expiry: Int64) -> Data {
        HMACSHA256.code(for: Data("\(caller)\n\(audience)\n\(expiry)".utf8), key: key)
    }
}
