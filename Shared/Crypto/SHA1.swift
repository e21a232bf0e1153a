public import FoundationEssentials

/// SHA-1, for tus checksums and the WebSocket handshake only: it is no protection against people. A digest has 20 bytes.
///
/// An instance takes content piece by piece; it belongs to one task at a time.
public final class SHA1 {
    private let digest = MessageDigest(.sha1)

    public init() {}

    /// Adds content.
    public func update(_ data: Data) { data.withUnsafeBytes { digest.update($0) } }

    /// Adds content that lies in memory that the caller keeps.
    public func update(bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

    /// The digest of all content; the instance is used up.
    public func finalize() -> Data { digest.finalize() }

    /// The digest of content at hand.
    public static func hash(_ data: Data) -> Data { MessageDigest.Algorithm.sha1.hash(data) }
}
