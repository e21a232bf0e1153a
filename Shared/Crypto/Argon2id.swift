internal import CArgon2
internal import FoundationEssentials
internal import Primitives

/// Password hashing with Argon2id (RFC 9106) over libargon2. Slow and hungry by design: run it on a bounded
/// `BlockingPool`, never on Swift's own threads.
public struct Argon2id: Sendable, Hashable {
    /// Memory of one hash, KiB.
    public var memoryKiB: Int
    /// Passes over the memory.
    public var passes: Int
    /// Lanes; this many threads would be used.
    public var lanes: Int

    /// The least that OWASP's password storage sheet asks for: 19 MiB, two passes, one lane.
    public init(memoryKiB: Int = 19_456, passes: Int = 2, lanes: Int = 1) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// A hash with a new salt of 16 bytes, as a PHC string `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    public func hash(_ password: String) throws -> String {
        let salt = [UInt8](SecureRandom.bytes(16))
        let password = Array(password.utf8)
        var encoded = [CChar](repeating: 0, count: 256)
        let result = argon2id_hash_encoded(
            UInt32(passes), UInt32(memoryKiB), UInt32(lanes), password, password.count, salt, salt.count, 32, &encoded,
            encoded.count)
        guard result == ARGON2_OK.rawValue else { throw CryptoError(.libraryFailure) }
        return String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether the hash is one of the password.
    /// - Throws: `CryptoError` with code `malformedHash` where it is no argon2id hash, or asks for over 1 GiB.
    public static func verify(_ password: String, against hash: String) throws -> Bool {
        guard parameters(of: hash) != nil else { throw CryptoError(.malformedHash) }
        let password = Array(password.utf8)
        switch argon2id_verify(hash, password, password.count) {
        case ARGON2_OK.rawValue: return true
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        case ARGON2_MEMORY_ALLOCATION_ERROR.rawValue: throw CryptoError(.libraryFailure)
        default: throw CryptoError(.malformedHash)
        }
    }

    /// Whether a hash is weaker than these parameters, or unreadable, and is to be made anew at the next sign-in.
    public func needsRehash(_ hash: String) -> Bool {
        guard let used = Self.parameters(of: hash) else { return true }
        return used.memoryKiB < memoryKiB || used.passes < passes || used.lanes != lanes
    }

    /// The parameters in a PHC string; `nil` where it is not one of argon2id, version 19, within sane bounds.
    public static func parameters(of hash: String) -> Argon2id? {
        let parts = hash.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
        let settings = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard settings.count == 3, settings[0].hasPrefix("m="), settings[1].hasPrefix("t="),
            settings[2].hasPrefix("p="), let memory = Int(settings[0].dropFirst(2)),
            let passes = Int(settings[1].dropFirst(2)), let lanes = Int(settings[2].dropFirst(2)),
            (8...1_048_576).contains(memory), (1...64).contains(passes), (1...16).contains(lanes)
        else { return nil }
        return Argon2id(memoryKiB: memory, passes: passes, lanes: lanes)
    }
}
