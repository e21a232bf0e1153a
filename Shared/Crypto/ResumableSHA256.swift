internal import COpenSSL
public import FoundationEssentials

/// A SHA-256 that can be put away in the middle and gone on with in another process.
public struct ResumableSHA256: Sendable {
    private var context = SHA256_CTX()

    /// Of no content yet.
    public init() { atelier_sha256_begin(&context) }

    /// Goes on from a ``state``; `nil` where it is none.
    public init?(state: Data) {
        let isState = state.withUnsafeBytes { bytes in
            atelier_sha256_restore(&context, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        }
        guard isState == 1 else { return nil }
    }

    /// Adds content.
    public mutating func update(_ data: Data) {
        data.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { atelier_sha256_update(&context, base, bytes.count) }
        }
    }

    /// What has to be kept to go on later; 40 to 103 bytes. It is no secret, and tells nothing but the hash so far and the
    /// content's last bytes.
    public var state: Data {
        var context = context
        var saved = Data(count: 104)
        let count = saved.withUnsafeMutableBytes {
            atelier_sha256_save(&context, $0.bindMemory(to: UInt8.self).baseAddress)
        }
        return saved.prefix(count)
    }

    /// The digest of the content so far, 32 bytes.
    public var digest: Data {
        var context = context
        var digest = Data(count: 32)
        digest.withUnsafeMutableBytes { atelier_sha256_end(&context, $0.bindMemory(to: UInt8.self).baseAddress) }
        return digest
    }
}
