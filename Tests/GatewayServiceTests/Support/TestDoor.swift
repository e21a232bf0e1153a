import Auth
import Crypto
import FoundationEssentials
import Primitives

@testable import GatewayService

/// The gateway's door with services that a test plays, and a person with a token.
final class TestDoor: Sendable {
    let server: DoorServer
    let signer: ES256PrivateKey
    let verifier: TokenVerifier
    static let keyID = "test-key"

    var port: Int { server.boundPort }
    var door: Door { server.door }

    /// - Parameters:
    ///   - upstream: answers for all services; `nil` for a port where nobody listens.
    ///   - rates: limits by variable, `RATE_LIMIT_PERSON` and so on.
    init(
        _ upstream: StubUpstream?, settings: DoorSettings = DoorSettings(), environment: [String: String] = [:],
        breaker: CircuitBreaker = CircuitBreaker(threshold: 0), loops: Int = 2, keys: KeyDirectory? = nil
    ) throws {
        var variables = environment
        variables["SERVICE_SECRET"] = String(repeating: "s", count: 32)
        var reader = ConfigurationReaderForTests(variables)
        let configuration = reader.read()
        signer = try ES256PrivateKey()
        let set = JSONWebKeySet(keys: [JSONWebKey(signer.publicKey, keyID: Self.keyID)])
        verifier = TokenVerifier(keys: keys ?? KeyDirectory(keys: set), capacity: 0)
        let address = SocketAddress.resolve(host: "127.0.0.1", port: upstream?.port ?? 1)
        let upstreams = UpstreamName.allCases.map { name in
            let upstreamPart = Upstream(name: name, host: "127.0.0.1", port: upstream?.port ?? 1, breaker: breaker)
            upstreamPart.setAddresses(address)
            return upstreamPart
        }
        let door = Door(
            settings: settings, routes: Routes.all, rules: RateRules(configuration), verifier: verifier,
            crossOrigin: CrossOrigin(configuration.corsOrigins), upstreams: upstreams, pages: PageStore(),
            log: AccessLog(isOn: false))
        server = DoorServer(door: door, host: "127.0.0.1", port: 0, loops: loops, stopLimit: .seconds(5))
        try server.start()
    }

    /// Lets the loops end, some time after the test.
    func stop() async { Task { [server] in await server.stop() } }

    /// A connection to the door.
    func connect(receiveBuffer: Int32? = nil) throws -> RawSocket {
        try RawSocket(port: port, receiveBuffer: receiveBuffer)
    }

    /// A good token of a person.
    func token(user: UUID = .v7(), session: UUID = .v7(), changing: [String: JSONValue?] = [:]) throws -> String {
        var claims = Self.claims(user: user, session: session)
        for (name, value) in changing { claims[name] = value }
        return try sign(header: Self.header, payload: JSON.text(JSONValue.object(claims)))
    }

    static let header = "{\"alg\":\"ES256\",\"kid\":\"\(keyID)\",\"typ\":\"at+jwt\"}"

    static func claims(user: UUID = .v7(), session: UUID = .v7()) -> [String: JSONValue] {
        let now = Int64(Date().timeIntervalSince1970)
        return [
            "iss": "atelier", "aud": "atelier-api", "sub": .string(user.text), "wsp": .string(UUID.v7().text),
            "role": "admin", "sid": .string(session.text), "jti": .string(UUID.v7().text), "iat": .int(now),
            "nbf": .int(now), "exp": .int(now + 600),
        ]
    }

    /// A token of exactly these parts, with a good signature.
    func sign(header: String, payload: String) throws -> String {
        let input = Data(header.utf8).base64URL + "." + Data(payload.utf8).base64URL
        return try input + "." + signer.signature(for: Data(input.utf8)).base64URL
    }

    /// One request on a connection of its own; the answer.
    func ask(
        _ method: String = "GET", _ target: String, fields: [String] = [], body: String = "", token: String? = nil
    ) throws -> RawAnswer? {
        let socket = try connect()
        var head = "\(method) \(target) HTTP/1.1\r\nHost: atelier.test\r\nConnection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
        for field in fields { head += field + "\r\n" }
        socket.send(head + "\r\n" + body)
        return socket.receiveAnswer(toHead: method == "HEAD")
    }
}
