public import Crypto
internal import FoundationEssentials

/// Makes access tokens with one key.
public struct TokenSigner: Sendable {
    public let keyID: String
    private let key: ES256PrivateKey

    public init(key: ES256PrivateKey, keyID: String) {
        self.key = key
        self.keyID = keyID
    }

    /// The signed token.
    public func sign(_ claims: AccessTokenClaims) throws -> String {
        try CompactJWS.sign(claims.encoded(), type: AccessTokenClaims.type, keyID: keyID, by: key.signature)
    }
}
