import Auth
import Crypto
import FoundationEssentials
import Primitives

/// Makes tokens as an issuer would, and as others might.
struct Forger {
    let key: ES256PrivateKey
    let keyID: String
    let now = Date()

    init() throws {
        key = try ES256PrivateKey()
        keyID = UUID.v7().text
    }

    var keySet: JSONWebKeySet { JSONWebKeySet(keys: [JSONWebKey(key.publicKey, keyID: keyID)]) }
    var verifier: TokenVerifier { TokenVerifier(keys: KeyDirectory(keys: keySet)) }

    var header: String { #"{"alg":"ES256","kid":"\#(keyID)","typ":"at+jwt"}"# }

    /// The members of good claims, as JSON texts by name.
    var claims: [(String, String)] {
        let seconds = Int(now.timeIntervalSince1970)
        return [
            ("iss", #""atelier""#), ("aud", #""atelier-api""#), ("sub", "\"\(UUID.v7().text)\""),
            ("wsp", "\"\(UUID.v7().text)\""), ("role", #""admin""#), ("sid", "\"\(UUID.v7().text)\""),
            ("jti", "\"\(UUID.v7().text)\""), ("iat", "\(seconds)"), ("nbf", "\(seconds)"), ("exp", "\(seconds + 600)"),
        ]
    }

    /// Claims with one member replaced, or left out where `value` is `nil`.
    func claims(_ name: String, _ value: String?) -> String {
        var members = claims.filter { $0.0 != name }
        if let value { members.append((name, value)) }
        return object(members)
    }

    func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    /// A token with any header and claims, rightly signed.
    func token(header: String? = nil, claims text: String? = nil) throws -> String {
        let input = encode(header ?? self.header) + "." + encode(text ?? object(claims))
        return try input + "." + key.signature(for: Data(input.utf8)).base64URL
    }

    func encode(_ text: String) -> String { Data(text.utf8).base64URL }

    /// A token in the manner of HS256, with a key that everybody knows.
    func symmetric(_ secret: Data, algorithm: String = "HS256") -> String {
        let input = encode(#"{"alg":"\#(algorithm)","kid":"\#(keyID)","typ":"at+jwt"}"#) + "." + encode(object(claims))
        return input + "." + HMACSHA256.code(for: Data(input.utf8), key: secret).base64URL
    }
}
