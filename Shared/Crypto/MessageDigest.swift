internal import COpenSSL
internal import FoundationEssentials

/// A hash function's running state over OpenSSL's `EVP_MD_CTX`. Not for use by two threads at once.
final class MessageDigest {
    private let context: OpaquePointer
    private let length: Int

    init(_ algorithm: Algorithm) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm.handle, nil) == 1 else {
            // Only memory can be missing here; a hash has no failure that a caller could handle.
            preconditionFailure("no memory for a digest")
        }
        self.context = context
        self.length = algorithm.length
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        EVP_DigestUpdate(context, base, bytes.count)
    }

    func finalize() -> Data {
        var digest = Data(count: length)
        digest.withUnsafeMutableBytes { buffer in
            _ = EVP_DigestFinal_ex(context, buffer.bindMemory(to: UInt8.self).baseAddress, nil)
        }
        return digest
    }

    /// A hash function, looked up in the library once: looking up at each use takes locks (OpenSSL 3.0).
    struct Algorithm: @unchecked Sendable {  // OpenSSL's fetched algorithms are immutable and thread safe.
        let handle: OpaquePointer
        let length: Int

        static let sha256 = Algorithm("SHA2-256")
        static let sha1 = Algorithm("SHA1")

        private init(_ name: String) {
            guard let handle = EVP_MD_fetch(nil, name, nil) else {
                preconditionFailure("OpenSSL without \(name)")
            }
            self.handle = handle
            self.length = Int(EVP_MD_get_size(handle))
        }

        func hash(_ data: Data) -> Data {
            var digest = Data(count: length)
            digest.withUnsafeMutableBytes { output in
                data.withUnsafeBytes { input in
                    _ = EVP_Digest(
                        input.baseAddress, input.count, output.bindMemory(to: UInt8.self).baseAddress, nil, handle, nil)
                }
            }
            return digest
        }
    }
}
