import Auth
import Crypto
import FoundationEssentials
import Primitives
import Testing

@testable import GatewayService

extension LiveTests {
    /// R26: every forged token gets the same 401, or a 431 or 400 for its size, and no service sees the request.
    @Suite struct ForgedTokens {
        private static func base64(_ text: String) -> String { Data(text.utf8).base64URL }

        /// Variants by name.
        private static func variants(_ door: TestDoor) throws -> [(String, String)] {
            let good = try door.token()
            let parts = good.split(separator: ".").map(String.init)
            let claims = try JSON.text(JSONValue.object(TestDoor.claims()))
            var all: [(String, String)] = []
            func header(_ name: String, _ header: String) throws {
                all.append((name, try door.sign(header: header, payload: claims)))
            }
            func unsigned(_ name: String, _ header: String, _ signature: String = "") {
                all.append((name, base64(header) + "." + parts[1] + "." + signature))
            }
            func payload(_ name: String, _ text: String) throws {
                all.append((name, try door.sign(header: TestDoor.header, payload: text)))
            }
            func claim(_ name: String, _ changing: [String: JSONValue?]) throws {
                all.append((name, try door.token(changing: changing)))
            }
            for algorithm in ["none", "None", "nOnE", "NONE", ""] {
                unsigned("alg \(algorithm)", "{\"alg\":\"\(algorithm)\",\"kid\":\"test-key\",\"typ\":\"at+jwt\"}")
                unsigned(
                    "alg \(algorithm) signed", "{\"alg\":\"\(algorithm)\",\"kid\":\"test-key\",\"typ\":\"at+jwt\"}",
                    parts[2])
            }
            let pem = door.signer.publicKey.pem
            let keys = [
                Data(pem.utf8), Data(pem.utf8.dropLast()),
                Data([0x04]) + door.signer.publicKey.x + door.signer.publicKey.y,
                try JSON.encode(JSONWebKey(door.signer.publicKey, keyID: TestDoor.keyID)), Data(),
            ]
            for (index, key) in keys.enumerated() {
                for algorithm in ["HS256", "ES256"] {
                    let input =
                        base64("{\"alg\":\"\(algorithm)\",\"kid\":\"test-key\",\"typ\":\"at+jwt\"}") + "." + parts[1]
                    let code = HMACSHA256.code(for: Data(input.utf8), key: key)
                    all.append(("\(algorithm) keyed \(index)", input + "." + code.base64URL))
                }
            }
            let canary = "http://127.0.0.1:9/keys"
            try header("jwk", "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"at+jwt\",\"jwk\":{\"kty\":\"EC\"}}")
            for name in ["jku", "x5u"] {
                try header(
                    name, "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"at+jwt\",\"\(name)\":\"\(canary)\"}")
            }
            for kid in [
                "../../etc/passwd", "x' OR '1'='1", canary, "a\\u0000", "", String(repeating: "k", count: 3000),
                "other",
            ] {
                try header("kid \(kid.prefix(12))", "{\"alg\":\"ES256\",\"kid\":\"\(kid)\",\"typ\":\"at+jwt\"}")
            }
            try header("no kid", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}")
            try header("kid number", "{\"alg\":\"ES256\",\"kid\":1,\"typ\":\"at+jwt\"}")
            try header("crit", "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}")
            try header("b64", "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"at+jwt\",\"b64\":false}")
            try header("id token", "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"JWT\"}")
            try header("refresh token", "{\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"rt+jwt\"}")
            try header("no typ", "{\"alg\":\"ES256\",\"kid\":\"test-key\"}")
            try header("alg twice", "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"test-key\",\"typ\":\"at+jwt\"}")
            for algorithm in ["RS256", "ES384", "PS256", "EdDSA", "es256"] {
                try header(algorithm, "{\"alg\":\"\(algorithm)\",\"kid\":\"test-key\",\"typ\":\"at+jwt\"}")
            }
            let now = Int64(Date().timeIntervalSince1970)
            try claim("expired", ["exp": .int(now - 60), "iat": .int(now - 660), "nbf": .int(now - 660)])
            try claim("exp float", ["exp": .double(Double(now) + 600.5)])
            try claim("exp string", ["exp": .string("\(now + 600)")])
            try claim("exp huge", ["exp": .int(999_999_999_999_999)])
            try claim("exp missing", ["exp": Optional<JSONValue>.none])
            try claim("nbf future", ["nbf": .int(now + 600)])
            try claim("iat future", ["iat": .int(now + 300)])
            try claim("aud wrong", ["aud": "other"])
            try claim("aud array", ["aud": ["atelier-api"]])
            try claim("aud missing", ["aud": Optional<JSONValue>.none])
            try claim("iss wrong", ["iss": "atelier.evil"])
            try claim("sub missing", ["sub": Optional<JSONValue>.none])
            try claim("sub unicode", ["sub": "\u{FF10}190f2c8-1c7e-7b6e-8a2f-0123456789ab"])
            try claim("role unknown", ["role": "root"])
            try claim("sid number", ["sid": 7])
            try payload("claims twice", "{\"iss\":\"evil\"," + claims.dropFirst())
            try payload("array", "[\(claims)]")
            try payload("not json", "hello")
            try payload("two objects", claims + claims)
            try payload("nested token", "\"\(good)\"")
            unsigned("r = s = 0", TestDoor.header, Data(count: 64).base64URL)
            unsigned("signature of another", TestDoor.header, String(parts[2].reversed()))
            all.append(("truncated", String(good.dropLast(20))))
            all.append(("longer", good + "AAAA"))
            all.append(("padded", good + "=="))
            all.append(("detached", parts[0] + ".." + parts[2]))
            all.append(("two parts", parts[0] + "." + parts[1]))
            all.append(("four parts", good + "." + parts[2]))
            all.append(("JSON serialization", "{\"payload\":\"\(parts[1])\"}"))
            all.append(("empty", ""))
            all.append(("dots", ".."))
            let foreign = try ES256PrivateKey()
            let input = Data((parts[0] + "." + parts[1]).utf8)
            all.append(("foreign key", parts[0] + "." + parts[1] + "." + (try foreign.signature(for: input).base64URL)))
            return all
        }

        @Test("More than sixty forgeries, one answer")
        func forgeries() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream, environment: ["RATE_LIMIT_REFUSED": "0"])
            let variants = try Self.variants(door)
            #expect(variants.count >= 60)
            var bodies = Set<String>()
            for (name, token) in variants {
                let answer = try #require(try door.ask("GET", "/api/v1/projects", token: token), "\(name)")
                #expect(answer.status == 401, "\(name)")
                #expect(answer["www-authenticate"] == "Bearer", "\(name)")
                bodies.insert(answer.text)
            }
            #expect(bodies.count == 1)
            #expect(upstream.requests.isEmpty)
            #expect(try door.ask("GET", "/api/v1/projects", token: door.token())?.status == 200)
            await door.stop()
        }

        @Test("Other ways to say who one is are refused too")
        func otherWays() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream, environment: ["RATE_LIMIT_REFUSED": "0"])
            let token = try door.token()
            for fields in [
                ["Authorization: Atelier-Service user.9999999999.AAAA"], ["Authorization: Basic YTpi"],
                ["Authorization: \(token)"], ["Authorization: Bearer  \(token)"], ["Authorization: Bearer \(token) x"],
                ["Authorization: Bearer \(token)", "Authorization: Bearer \(token)"],
                ["Authorization: Bearer x", "authorization: Bearer \(token)"], ["Authorization:"], [],
                ["Cookie: atelier_access=x"], ["Cookie: atelier_access=\(token); atelier_access=\(token)"],
            ] {
                #expect(try door.ask("GET", "/api/v1/projects", fields: fields)?.status == 401, "\(fields)")
            }
            #expect(
                try door.ask("POST", "/api/v1/auth/login", fields: ["Authorization: Atelier-Service a.1.b"])?.status
                    == 401)
            let giant = try door.ask("GET", "/api/v1/projects", token: String(repeating: "a", count: 1_000_000))
            #expect(giant?.status == 431)
            #expect(upstream.requests.isEmpty)
            await door.stop()
        }

        @Test("A cookie does for a token; a change by cookie needs the header that a foreign page cannot send")
        func cookies() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let cookie = "Cookie: theme=dark; atelier_access=\(try door.token()); atelier_csrf=secret"
            #expect(try door.ask("GET", "/api/v1/projects", fields: [cookie])?.status == 200)
            #expect(try door.ask("POST", "/api/v1/projects", fields: [cookie], body: "{}")?.status == 403)
            #expect(
                try door.ask("POST", "/api/v1/projects", fields: [cookie, "X-CSRF-Token: guess"], body: "{}")?.status
                    == 403)
            #expect(
                try door.ask("POST", "/api/v1/projects", fields: [cookie, "X-CSRF-Token: secret"], body: "{}")?.status
                    == 200)
            await door.stop()
        }

        @Test("An ended session is refused at once, also where its token was seen good before (R29)")
        func revoked() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let session = UUID.v7()
            let token = try door.token(session: session)
            #expect(try door.ask("GET", "/api/v1/projects", token: token)?.status == 200)
            door.verifier.revocations.revoke(session, until: Date(timeIntervalSinceNow: 600))
            #expect(try door.ask("GET", "/api/v1/projects", token: token)?.status == 401)
            await door.stop()
        }

        @Test("Keys come late: the request waits for them, and the loop serves others meanwhile")
        func keysComeLate() async throws {
            let upstream = StubUpstream.echo()
            let known = try ES256PrivateKey()
            let keys = KeyDirectory(url: URL(filePath: "/")) { _ in
                try await Task.sleep(for: .milliseconds(200))
                return try JSON.encode(JSONWebKeySet(keys: [JSONWebKey(known.publicKey, keyID: "late")]))
            }
            let door = try TestDoor(upstream, loops: 1, keys: keys)
            let input =
                Data("{\"alg\":\"ES256\",\"kid\":\"late\",\"typ\":\"at+jwt\"}".utf8).base64URL + "."
                + Data(try JSON.text(JSONValue.object(TestDoor.claims())).utf8).base64URL
            let token = input + "." + (try known.signature(for: Data(input.utf8)).base64URL)
            let waiting = try door.connect()
            waiting.send("GET /api/v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n")
            #expect(try door.ask("GET", "/")?.status == 200)
            #expect(waiting.receiveAnswer()?.status == 200)
            await door.stop()
        }
    }
}
