import Auth
import Crypto
import FoundationEssentials
import HTTP
import Primitives
import Testing

/// R26: tokens that others might make. Each is refused, all with the same answer.
@Suite struct ForgedTokenTests {
    private let forger: Forger
    private let verifier: TokenVerifier

    init() throws {
        forger = try Forger()
        verifier = forger.verifier
    }

    @Test func theGoodOneIsTaken() async throws {
        let principal = try await verifier.verify(forger.token())
        #expect(principal.role == .admin)
        // Twice: the second time from memory.
        let token = try forger.token()
        #expect(try await verifier.verify(token) == verifier.verify(token))
    }

    @Test func everyForgedOneIsRefused() async throws {
        let tokens = try headers() + claimSets() + signatures() + forms()
        #expect(tokens.count >= 100)
        var bodies: Set<Data> = []
        let reply = verifier.authenticated { _, _ in HTTPResponse(.ok) }
        var router = Router()
        router.get("/", reply)
        for (name, token) in tokens {
            await #expect(throws: AuthenticationFailure.self, "\(name)") { try await verifier.verify(token) }
            let request = HTTPRequest(method: .GET, target: "/", headers: ["Authorization": "Bearer \(token)"])
            let response = await router.respond(to: request)
            #expect(response.status == .unauthorized, "\(name)")
            if case .data(let body) = response.body { bodies.insert(body) }
        }
        #expect(bodies.count == 1)
    }

    @Test func timesThatDoNotFitAreTold() async throws {
        let seconds = Int(forger.now.timeIntervalSince1970)
        for (name, value, reason) in [
            ("exp", seconds - 60, AuthenticationFailure.Reason.expired), ("nbf", seconds + 300, .notYetValid),
            ("iat", seconds + 300, .notYetValid), ("iat", seconds - 90_000, .wrongLifetime),
            ("iat", -5, .wrongLifetime),
            ("exp", 999_999_999_999_999, .wrongLifetime),
        ] {
            let token = try forger.token(claims: forger.claims(name, "\(value)"))
            await #expect(throws: AuthenticationFailure(reason), "\(name) = \(value)") {
                try await verifier.verify(token)
            }
        }
    }

    private func headers() throws -> [(String, String)] {
        var found: [(String, String)] = []
        func add(_ name: String, _ header: String) throws { found.append((name, try forger.token(header: header))) }
        let id = forger.keyID
        for algorithm in [
            "none", "None", "nOnE", "NONE", "", "HS256", "HS384", "RS256", "PS256", "ES384", "ES512", "ES256K", "es256",
            "EdDSA", "ES256 ", "ES256\\u0000",
        ] {
            try add("alg \(algorithm)", #"{"alg":"\#(algorithm)","kid":"\#(id)","typ":"at+jwt"}"#)
        }
        for (name, members) in [
            ("alg missing", #""kid":"\#(id)","typ":"at+jwt""#),
            ("alg null", #""alg":null,"kid":"\#(id)","typ":"at+jwt""#),
            ("alg a list", #""alg":["ES256"],"kid":"\#(id)","typ":"at+jwt""#),
            ("alg twice", #""alg":"none","alg":"ES256","kid":"\#(id)","typ":"at+jwt""#),
            ("kid twice", #""alg":"ES256","kid":"x","kid":"\#(id)","typ":"at+jwt""#),
            ("kid missing", #""alg":"ES256","typ":"at+jwt""#),
            ("kid a number", #""alg":"ES256","kid":1,"typ":"at+jwt""#),
            ("typ missing", #""alg":"ES256","kid":"\#(id)""#),
            ("typ JWT", #""alg":"ES256","kid":"\#(id)","typ":"JWT""#),
            ("typ refresh", #""alg":"ES256","kid":"\#(id)","typ":"rt+jwt""#),
            ("typ a number", #""alg":"ES256","kid":"\#(id)","typ":7"#),
            ("nested", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","cty":"JWT""#),
            ("crit", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","crit":["exp"]"#),
            ("crit unknown", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","crit":["x"],"x":1"#),
            ("b64 false", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","crit":["b64"],"b64":false"#),
            ("zip", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","zip":"DEF""#),
            ("jku", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","jku":"http://127.0.0.1:1/k""#),
            ("x5u", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","x5u":"http://127.0.0.1:1/k""#),
            ("x5c", #""alg":"ES256","kid":"\#(id)","typ":"at+jwt","x5c":["MII"]"#),
        ] {
            try add(name, "{\(members)}")
        }
        let other = try ES256PrivateKey()
        let jwk = try JSON.text(JSONWebKey(other.publicKey, keyID: "own"))
        let input =
            forger.encode(#"{"alg":"ES256","jwk":\#(jwk),"kid":"own","typ":"at+jwt"}"#) + "."
            + forger.encode(forger.object(forger.claims))
        found.append(("own key inside", try input + "." + other.signature(for: Data(input.utf8)).base64URL))
        for kid in [
            "../../etc/passwd", "/dev/null", "' OR 1=1 --", "http://127.0.0.1:1/key", "a\\u0000b", "",
            String(repeating: "k", count: 3000), "unknown", id + " ", id.lowercased() + "x",
        ] {
            try add("kid \(kid.prefix(20))", #"{"alg":"ES256","kid":"\#(kid)","typ":"at+jwt"}"#)
        }
        for (name, text) in [
            ("no JSON", "header"), ("a list", "[]"), ("empty", ""), ("null", "null"), ("trailing", forger.header + "x"),
            ("two objects", forger.header + forger.header), ("BOM", "\u{FEFF}" + forger.header),
        ] {
            try add("header \(name)", text)
        }
        return found
    }

    private func claimSets() throws -> [(String, String)] {
        let seconds = Int(forger.now.timeIntervalSince1970)
        let upper = UUID.v7().uuidString
        let replaced: [(String, String?)] = [
            ("exp", "\(seconds - 60)"), ("exp", "\(seconds + 600).5"), ("exp", "\"\(seconds + 600)\""),
            ("exp", "99999999999999999999"), ("exp", "999999999999999"), ("exp", "1e12"), ("exp", "-1"),
            ("exp", "null"),
            ("exp", nil), ("exp", "true"), ("exp", "[\(seconds + 600)]"), ("exp", "0\(seconds + 600)"),
            ("nbf", "\(seconds + 300)"), ("nbf", nil), ("nbf", "\"0\""), ("iat", "\(seconds + 300)"), ("iat", nil),
            ("iat", "-5"), ("iat", "\(seconds - 90000)"), ("iss", "\"other\""), ("iss", nil), ("iss", "[\"atelier\"]"),
            ("iss", "\"Atelier\""), ("aud", "\"other\""), ("aud", nil), ("aud", "[\"atelier-api\"]"), ("aud", "[]"),
            ("aud", "\"atelier-api \""), ("sub", nil), ("sub", "\"admin\""), ("sub", "\"\(upper)\""), ("sub", "1"),
            ("sub", "\"\u{202E}\u{1F600}\""), ("sub", "\"' OR 1=1 --\""), ("wsp", nil), ("wsp", "\"*\""), ("sid", nil),
            ("sid", "\"\""), ("jti", nil), ("role", nil), ("role", "\"root\""), ("role", "[\"admin\"]"),
        ]
        var found: [(String, String)] = []
        for (name, value) in replaced {
            found.append(("\(name) = \(value ?? "missing")", try forger.token(claims: forger.claims(name, value))))
        }
        let good = forger.claims
        for name in ["sub", "exp", "role", "aud"] {
            let again = good.first { $0.0 == name }.map { [$0] } ?? []
            found.append(("\(name) twice", try forger.token(claims: forger.object(good + again))))
        }
        let escaped = forger.object(good + [("r\\u006fle", "\"admin\"")])
        found.append(("role twice, once escaped", try forger.token(claims: escaped)))
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        found.append(("deep", try forger.token(claims: forger.object(good + [("x", deep)]))))
        for text in [
            "", "{}", "null", "[]", "text", forger.object(good) + ",", "{\"a\":\"\u{1}\"}", "{\"a\":\"\\ud800\"}",
        ] {
            found.append(("claims \(text.prefix(12))", try forger.token(claims: text)))
        }
        return found
    }

    private func signatures() throws -> [(String, String)] {
        let good = try forger.token()
        let parts = good.split(separator: ".").map(String.init)
        let signature = try #require(Data(base64URL: parts[2]))
        let input = parts[0] + "." + parts[1]
        let stranger = try ES256PrivateKey()
        let publicKey = forger.key.publicKey
        let point = Data([4]) + publicKey.x + publicKey.y
        let jwk = try JSON.encode(JSONWebKey(publicKey, keyID: forger.keyID))
        let order = try #require(Data(hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
        let body = publicKey.pem.split(separator: "\n").dropFirst().dropLast().joined()
        let der = try #require(Data(base64Encoded: body))
        return [
            ("HS256 by PEM", forger.symmetric(Data(publicKey.pem.utf8))),
            ("HS256 by PEM without newline", forger.symmetric(Data(publicKey.pem.utf8.dropLast()))),
            ("HS256 by DER", forger.symmetric(der)), ("HS256 by point", forger.symmetric(point)),
            ("HS256 by JWK", forger.symmetric(jwk)), ("HS256 by nothing", forger.symmetric(Data())),
            ("ES256 named, HMAC inside", forger.symmetric(Data(publicKey.pem.utf8), algorithm: "ES256")),
            ("zeros", input + "." + Data(count: 64).base64URL), ("empty", input + "."),
            ("order", input + "." + (order + order).base64URL), ("truncated", String(good.dropLast())),
            ("DER", input + "." + (Data([0x30, 0x44, 2, 0x20]) + signature).base64URL),
            ("longer", input + "." + (signature + [0]).base64URL),
            ("stranger", try input + "." + stranger.signature(for: Data(input.utf8)).base64URL),
            ("of another token", try input + "." + forger.token().split(separator: ".")[2]),
            ("other claims", parts[0] + "." + forger.encode(forger.claims("role", "\"pm\"")) + "." + parts[2]),
        ]
    }

    private func forms() throws -> [(String, String)] {
        let good = try forger.token()
        let parts = good.split(separator: ".").map(String.init)
        let flattened = #"{"protected":"\#(parts[0])","payload":"\#(parts[1])","signature":"\#(parts[2])"}"#
        return [
            ("empty", ""), ("dots", ".."), ("one part", parts[0]), ("two parts", parts[0] + "." + parts[1]),
            ("four parts", good + ".x"), ("five parts", good + ".x.y"), ("detached", parts[0] + ".." + parts[2]),
            ("JSON form", flattened), ("padding", good + "="),
            ("padding within", parts[0] + "=." + parts[1] + "." + parts[2]),
            ("standard alphabet", good.replacing("-", with: "+").replacing("_", with: "/") + "+"),
            ("newline", good + "\n"), ("line break within", parts[0] + ".\n" + parts[1] + "." + parts[2]),
            ("nested", try forger.token(claims: "\"\(good)\"")), ("twice", good + good),
            ("large", try forger.token(claims: forger.claims("x", "\"\(String(repeating: "a", count: 1_000_000))\""))),
            ("NUL", good + "\u{0}"), ("quotes", "\"\(good)\""), ("slack bits", slack(good)),
        ]
    }

    /// The same bytes in a second spelling: the last character with a bit that no byte takes.
    private func slack(_ token: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        guard let last = token.last, let index = alphabet.firstIndex(of: last) else { return "" }
        return token.dropLast() + String(alphabet[index ^ 1])
    }
}
