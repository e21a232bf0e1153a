public import Auth
internal import Configuration
internal import FoundationEssentials
internal import HTTP
public import NetworkClient
internal import Primitives
public import Telemetry

/// What a process needs to check people's tokens: a verifier, and the part that brings it keys and ended sessions.
public struct TokenChecks: Sendable {
    /// Verifies access tokens.
    public let verifier: TokenVerifier
    /// Keeps keys and ended sessions current; ended sessions are refused within seconds (R29).
    public let upkeep: TokenUpkeep

    /// - Parameters:
    ///   - user: where the service user is.
    ///   - tokens: the process's own, to be let in there.
    ///   - capacity: how many tokens are remembered as good; see `TokenVerifier`.
    /// - Throws: `ConfigurationFault` where `user` is no URL.
    public init(
        user: String, tokens: ServiceTokens, http: HTTPClient, capacity: Int = 4096, logger: Logger
    ) throws {
        guard let keys = URL(string: user + "/.well-known/jwks.json"),
            let feed = URL(string: user + "/internal/v1/revocations")
        else { throw ConfigurationFault(name: "USER_URL", reason: "is no URL") }
        let verifier = TokenVerifier(
            keys: KeyDirectory(url: keys, logger: logger) { try await Self.get($0, http) }, capacity: capacity)
        self.verifier = verifier
        upkeep = TokenUpkeep(verifier: verifier, feed: feed, logger: logger) { url in
            try await Self.get(url, http, authorization: tokens.authorization(for: "user"))
        }
    }

    /// A small document of a peer; the fetch makes no span of its own.
    private static func get(_ url: URL, _ http: HTTPClient, authorization: String? = nil) async throws -> Data {
        var request = HTTPClientRequest(.GET, url.absoluteString, timeout: .seconds(3))
        if let authorization { request.headers.set("Authorization", authorization) }
        let ready = request
        return try await Trace.$current.withValue(nil) {
            let answer = try await http.execute(ready)
            guard answer.status == .ok else {
                throw Problem.unavailable("The service user answered \(answer.status.rawValue).")
            }
            return try await answer.data(upTo: 1 << 20)
        }
    }
}
