public import Crypto
internal import FoundationEssentials

/// Makes access tokens with one key.
public struct TokenSigner: Sendable {
    /// `kid` in the header of every token, by which a verifier finds the public key.
    public let keyID: String
    private let key: ES256PrivateKey

    /// - Parameter keyID: what the key is published as: ``JSONWebKey/kid``.
    public init(key: ES256PrivateKey, keyID: String) {
        self.key = key
        self.keyID = keyID
    }

    /// The signed token.
    public func sign(_ claims: AccessTokenClaims) throws -> String {
        try CompactJWS.sign(claims.encoded(), type: AccessTokenClaims.type, keyID: keyID, by: key.signature)
    }
}
