internal import FoundationEssentials
internal import Primitives

/// A JSON Web Signature in compact form (RFC 7515 §3.1), taken apart. Nothing of it is trusted yet.
///
/// The header may have `alg`, `kid` and `typ` and nothing else, and `alg` is ES256: what could let the sender choose the
/// key or the algorithm (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`, `zip`, `cty`) is refused unread (RFC 8725 §3.1).
struct CompactJWS {
    let keyID: String
    let type: String?
    let payload: Data
    let signature: Data
    /// The bytes that are signed: the first two parts with their dot.
    let signingInput: Data

    /// Tokens of ours have about 600 bytes.
    static let longest = 4096

    init(_ token: String) throws(AuthenticationFailure) {
        guard token.utf8.count <= Self.longest else { throw .init(.malformed) }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, parts[2].count == 86,
            let headerText = Data(base64URL: Substring(parts[0])),
            let payload = Data(base64URL: Substring(parts[1])),
            let signature = Data(base64URL: Substring(parts[2])),
            let header = StrictJSONObject.members(headerText)
        else { throw .init(.malformed) }
        guard header["alg"]?.string == "ES256" else { throw .init(.wrongAlgorithm) }
        guard header.keys.allSatisfy({ $0 == "alg" || $0 == "kid" || $0 == "typ" }),
            let keyID = header["kid"]?.string, Self.isKeyID(keyID)
        else { throw .init(.malformed) }
        if header["typ"] != nil, header["typ"]?.string == nil { throw .init(.malformed) }
        self.keyID = keyID
        self.type = header["typ"]?.string
        self.payload = payload
        self.signature = signature
        signingInput = Data(token.utf8.prefix(parts[0].count + 1 + parts[1].count))
    }

    /// Signs a payload.
    static func sign(
        _ payload: Data, type: String, keyID: String, by sign: (Data) throws -> Data
    ) throws -> String {
        let header = JSONValue.object(["alg": "ES256", "kid": .string(keyID), "typ": .string(type)])
        let input = try JSON.encode(header).base64URL + "." + payload.base64URL
        return try input + "." + sign(Data(input.utf8)).base64URL
    }

    /// Key identifiers are short and plain: they are looked up and logged, never used as a path or in SQL.
    static func isKeyID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
