public import Crypto
internal import FoundationEssentials
internal import Primitives

/// A public key in JSON (RFC 7517), as far as this product uses it.
public struct JSONWebKey: Sendable, Hashable, Codable {
    /// The kind of key: `EC` for ours.
    public var kty: String
    /// The identifier that a token's header names; a key without one is not used.
    public var kid: String?
    /// The curve: `P-256` for ours.
    public var crv: String?
    /// The one algorithm that it is for; `nil` where it does not say.
    public var alg: String?
    /// `sig` or `enc`; `nil` where it does not say.
    public var use: String?
    /// `key_ops`: must have `verify` where it is there.
    public var keyOperations: [String]?
    /// The point's first coordinate, base64url without padding.
    public var x: String?
    /// The point's second coordinate, base64url without padding.
    public var y: String?

    private enum CodingKeys: String, CodingKey {
        case kty, kid, crv, alg, use, x, y
        case keyOperations = "key_ops"
    }

    /// The JSON form of a key that verifies ES256 signatures.
    public init(_ key: ES256PublicKey, keyID: String) {
        kty = "EC"
        kid = keyID
        crv = "P-256"
        alg = "ES256"
        use = "sig"
        x = key.x.base64URL
        y = key.y.base64URL
    }

    /// The key where it is one for ES256 signatures and has an identifier; `nil` for all others.
    var verificationKey: (id: String, key: ES256PublicKey)? {
        guard kty == "EC", crv == "P-256", alg == nil || alg == "ES256", use == nil || use == "sig",
            keyOperations?.contains("verify") ?? true, let kid, CompactJWS.isKeyID(kid),
            let x = x.flatMap({ Data(base64URL: $0) }), let y = y.flatMap({ Data(base64URL: $0) }),
            let key = try? ES256PublicKey(x: x, y: y)
        else { return nil }
        return (kid, key)
    }
}

/// A set of public keys in JSON (RFC 7517 §5), as `/.well-known/jwks.json` answers it.
public struct JSONWebKeySet: Sendable, Hashable, Codable {
    /// The keys in no order that matters; some may be of kinds that this product does not use.
    public var keys: [JSONWebKey]

    /// A set of just these keys.
    public init(keys: [JSONWebKey]) { self.keys = keys }

    /// The keys for ES256 by their identifiers. Others are left out; so is an identifier that stands twice.
    var verificationKeys: [String: ES256PublicKey] {
        let pairs = keys.compactMap(\.verificationKey)
        return Dictionary(grouping: pairs, by: \.id).compactMapValues { $0.count == 1 ? $0[0].key : nil }
    }
}
