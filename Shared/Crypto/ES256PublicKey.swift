internal import COpenSSL
public import FoundationEssentials
internal import Synchronization

/// A public key for ECDSA on P-256 with SHA-256 (RFC 7518 §3.4). Prepared once, then used by any number of threads.
public final class ES256PublicKey: Sendable {
    /// The coordinates of the point, 32 bytes each, big endian.
    public let x: Data
    /// The second coordinate, like ``x``.
    public let y: Data
    private let key: KeyHandle
    private let contexts = Mutex<[VerifyContext]>([])

    /// - Throws: `CryptoError` with code `invalidKey` where the point is not on the curve.
    public convenience init(x: Data, y: Data) throws {
        guard x.count == 32, y.count == 32 else { throw CryptoError(.invalidKey) }
        let point = [0x04] + [UInt8](x) + [UInt8](y)
        try self.init(KeyHandle(taking: atelier_p256_public(point)))
    }

    /// Reads a key in PEM (`SubjectPublicKeyInfo`).
    public convenience init(pem: String) throws {
        try self.init(KeyHandle(taking: KeyHandle.reading(pem) { PEM_read_bio_PUBKEY($0, nil, nil, nil) }))
    }

    init(_ key: KeyHandle) throws {
        var (x, y) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        guard atelier_p256_coordinates(key.pointer, &x, &y) == 1 else { throw CryptoError(.invalidKey) }
        self.key = key
        self.x = Data(x)
        self.y = Data(y)
    }

    /// The key in PEM (`SubjectPublicKeyInfo`).
    public var pem: String { KeyHandle.pem { PEM_write_bio_PUBKEY($0, key.pointer) } }

    /// Whether a signature (r ‖ s, 64 bytes) is one of this key over the message.
    public func isValid(_ signature: Data, for message: Data) -> Bool {
        guard signature.count == 64 else { return false }
        var der = [UInt8](repeating: 0, count: 80)
        let length = atelier_ecdsa_raw_to_der([UInt8](signature), &der)
        guard length > 0, let context = takeContext() else { return false }
        let digest = [UInt8](SHA256.hash(message))
        let isValid = EVP_PKEY_verify(context.pointer, der, Int(length), digest, digest.count) == 1
        // A refusal leaves entries in this thread's error queue.
        if !isValid { ERR_clear_error() }
        contexts.withLock { if $0.count < 64 { $0.append(context) } }
        return isValid
    }

    /// A prepared context: making one looks algorithms up under locks, which costs more than it should (OpenSSL 3.0).
    private func takeContext() -> VerifyContext? {
        if let context = contexts.withLock({ $0.popLast() }) { return context }
        return VerifyContext(key)
    }
}

/// An `EVP_PKEY_CTX` that is ready to verify.
private final class VerifyContext: @unchecked Sendable {  // One thread at a time takes it out of the list.
    let pointer: OpaquePointer

    init?(_ key: KeyHandle) {
        guard let pointer = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { return nil }
        guard EVP_PKEY_verify_init(pointer) == 1 else {
            EVP_PKEY_CTX_free(pointer)
            return nil
        }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_CTX_free(pointer) }
}
