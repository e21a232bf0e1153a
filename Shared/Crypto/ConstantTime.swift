internal import COpenSSL
public import FoundationEssentials

/// Comparisons whose time tells nothing about the content.
public enum ConstantTime {
    /// Whether two byte strings are equal; only their lengths may show in the time.
    public static func areEqual(_ left: Data, _ right: Data) -> Bool {
        guard left.count == right.count else { return false }
        guard !left.isEmpty else { return true }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                guard let left = left.baseAddress, let other = right.baseAddress else { return false }
                return CRYPTO_memcmp(left, other, right.count) == 0
            }
        }
    }

    /// Whether two texts have the same UTF-8 bytes.
    public static func areEqual(_ left: String, _ right: String) -> Bool {
        areEqual(Data(left.utf8), Data(right.utf8))
    }
}
