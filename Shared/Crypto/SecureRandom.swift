internal import COpenSSL
public import FoundationEssentials
internal import Primitives

/// Randomness for keys, tokens and nonces, from OpenSSL's generator (seeded by the kernel).
public enum SecureRandom {
    /// `count` unpredictable bytes. Ends the process where the kernel gives no randomness: nothing safe can be done then.
    public static func bytes(_ count: Int) -> Data {
        var data = Data(count: count)
        let result = data.withUnsafeMutableBytes { buffer in
            RAND_bytes(buffer.bindMemory(to: UInt8.self).baseAddress, Int32(buffer.count))
        }
        precondition(result == 1, "no randomness")
        return data
    }

    /// An unpredictable token as base64url without padding; 32 bytes are 43 characters.
    public static func token(bytes count: Int = 32) -> String { bytes(count).base64URL }
}
