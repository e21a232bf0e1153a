public import FoundationEssentials

/// SHA-256 (FIPS 180-4). A digest has 32 bytes.
///
/// An instance takes content piece by piece; it belongs to one task at a time.
public final class SHA256 {
    private let digest = MessageDigest(.sha256)

    public init() {}

    /// Adds content.
    public func update(_ data: Data) { data.withUnsafeBytes { digest.update($0) } }

    /// Adds content that lies in memory that the caller keeps.
    public func update(bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

    /// The digest of all content; the instance is used up.
    public func finalize() -> Data { digest.finalize() }

    /// The digest of content at hand.
    public static func hash(_ data: Data) -> Data { MessageDigest.Algorithm.sha256.hash(data) }
}
