internal import COpenSSL
public import FoundationEssentials

/// AES-256-GCM (NIST SP 800-38D): content that nobody without the key can read or change.
public enum AESGCM {
    private static let nonceLength = 12
    private static let tagLength = 16

    /// Seals content: a random nonce (12 bytes), the ciphertext, the tag (16 bytes).
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - purpose: bound to the content but not kept in it; ``open(_:key:purpose:)`` needs the same.
    public static func seal(_ content: Data, key: Data, purpose: Data = Data()) throws -> Data {
        let nonce = SecureRandom.bytes(nonceLength)
        let context = try makeContext(key: key, nonce: nonce, encrypts: true)
        defer { EVP_CIPHER_CTX_free(context) }
        try authenticate(purpose, context, EVP_EncryptUpdate)
        let body = try transform(content, context, EVP_EncryptUpdate)
        var end: Int32 = 0
        var unused = [UInt8](repeating: 0, count: 16)
        var tag = [UInt8](repeating: 0, count: tagLength)
        guard EVP_EncryptFinal_ex(context, &unused, &end) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        else { throw CryptoError(.libraryFailure) }
        return nonce + body + tag
    }

    /// Opens what ``seal(_:key:purpose:)`` gave.
    /// - Throws: `CryptoError` with code `notAuthentic` where anything of it, the key or the purpose differs.
    public static func open(_ sealed: Data, key: Data, purpose: Data = Data()) throws -> Data {
        guard sealed.count >= nonceLength + tagLength else { throw CryptoError(.notAuthentic) }
        let nonce = Data(sealed.prefix(nonceLength))
        let body = Data(sealed.dropFirst(nonceLength).dropLast(tagLength))
        var tag = [UInt8](sealed.suffix(tagLength))
        let context = try makeContext(key: key, nonce: nonce, encrypts: false)
        defer { EVP_CIPHER_CTX_free(context) }
        try authenticate(purpose, context, EVP_DecryptUpdate)
        let content = try transform(body, context, EVP_DecryptUpdate)
        var end: Int32 = 0
        var unused = [UInt8](repeating: 0, count: 16)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1,
            EVP_DecryptFinal_ex(context, &unused, &end) == 1
        else { throw CryptoError(.notAuthentic) }
        return content
    }

    private typealias Update = (
        OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int32>?, UnsafePointer<UInt8>?, Int32
    ) -> Int32

    private static func makeContext(key: Data, nonce: Data, encrypts: Bool) throws -> OpaquePointer {
        guard key.count == 32 else { throw CryptoError(.invalidKey) }
        guard let context = EVP_CIPHER_CTX_new() else { throw CryptoError(.libraryFailure) }
        let (key, nonce) = ([UInt8](key), [UInt8](nonce))
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, encrypts ? 1 : 0) == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw CryptoError(.libraryFailure)
        }
        return context
    }

    private static func authenticate(_ purpose: Data, _ context: OpaquePointer, _ update: Update) throws {
        guard !purpose.isEmpty else { return }
        var length: Int32 = 0
        guard update(context, nil, &length, [UInt8](purpose), Int32(purpose.count)) == 1 else {
            throw CryptoError(.libraryFailure)
        }
    }

    private static func transform(_ input: Data, _ context: OpaquePointer, _ update: Update) throws -> Data {
        guard input.count < Int(Int32.max) else { throw CryptoError(.libraryFailure) }
        var output = [UInt8](repeating: 0, count: input.count)
        guard !input.isEmpty else { return Data() }
        var length: Int32 = 0
        guard update(context, &output, &length, [UInt8](input), Int32(input.count)) == 1, length == input.count else {
            throw CryptoError(.libraryFailure)
        }
        return Data(output)
    }
}
