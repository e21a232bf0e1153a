internal import COpenSSL
public import FoundationEssentials

/// A private key for ECDSA on P-256 with SHA-256 (RFC 7518 §3.4). Usable by any number of threads.
public final class ES256PrivateKey: Sendable {
    /// The public half.
    public let publicKey: ES256PublicKey
    private let key: KeyHandle

    /// A new key.
    public convenience init() throws { try self.init(KeyHandle(taking: atelier_p256_generate())) }

    /// Reads a key in PEM (PKCS #8 or SEC 1, not encrypted).
    public convenience init(pem: String) throws {
        try self.init(KeyHandle(taking: KeyHandle.reading(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }))
    }

    private init(_ key: KeyHandle) throws {
        self.key = key
        self.publicKey = try ES256PublicKey(key)
    }

    /// The key in PEM (PKCS #8, not encrypted): a secret.
    public var pem: String {
        KeyHandle.pem { PEM_write_bio_PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
    }

    /// A signature over the message: r ‖ s, 64 bytes.
    public func signature(for message: Data) throws -> Data {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else {
            throw CryptoError(.libraryFailure)
        }
        defer { EVP_PKEY_CTX_free(context) }
        let digest = [UInt8](SHA256.hash(message))
        var der = [UInt8](repeating: 0, count: 80)
        var length = der.count
        var raw = [UInt8](repeating: 0, count: 64)
        guard EVP_PKEY_sign_init(context) == 1,
            EVP_PKEY_sign(context, &der, &length, digest, digest.count) == 1,
            atelier_ecdsa_der_to_raw(der, length, &raw) == 1
        else { throw CryptoError(.libraryFailure) }
        return Data(raw)
    }
}
