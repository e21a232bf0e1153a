internal import COpenSSL
public import FoundationEssentials

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
    /// The authentication code of a message, 32 bytes.
    public static func code(for message: Data, key: Data) -> Data {
        var code = Data(count: 32)
        code.withUnsafeMutableBytes { output in
            message.withUnsafeBytes { input in
                key.withUnsafeBytes { key in
                    // An empty `Data` may have no address, which OpenSSL would take for "no key".
                    var none: UInt8 = 0
                    withUnsafePointer(to: &none) { empty in
                        _ = HMAC(
                            MessageDigest.Algorithm.sha256.handle, key.baseAddress ?? UnsafeRawPointer(empty),
                            Int32(key.count), input.bindMemory(to: UInt8.self).baseAddress ?? empty, input.count,
                            output.bindMemory(to: UInt8.self).baseAddress, nil)
                    }
                }
            }
        }
        return code
    }

    /// Whether `code` is the code of the message, in a time that does not depend on where they differ.
    public static func isValid(_ code: Data, for message: Data, key: Data) -> Bool {
        ConstantTime.areEqual(code, self.code(for: message, key: key))
    }
}
