internal import COpenSSL
internal import FoundationEssentials

/// Owns an `EVP_PKEY`.
final class KeyHandle: @unchecked Sendable {  // An EVP_PKEY that is no longer changed may be used by many threads.
    let pointer: OpaquePointer

    /// Takes the key over; refuses what is no key on P-256.
    init(taking pointer: OpaquePointer?) throws {
        guard let pointer else {
            ERR_clear_error()
            throw CryptoError(.invalidKey)
        }
        guard atelier_is_p256(pointer) == 1 else {
            EVP_PKEY_free(pointer)
            throw CryptoError(.invalidKey)
        }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Text that `write` puts into a memory buffer.
    static func pem(_ write: (OpaquePointer) -> Int32) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = atelier_bio_bytes(bio, &bytes)
        guard let bytes, count > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// Lends text as OpenSSL's input.
    static func reading<T>(_ text: String, _ body: (OpaquePointer?) -> T) -> T {
        var bytes = Array(text.utf8)
        return bytes.withUnsafeMutableBytes { buffer in
            let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}
