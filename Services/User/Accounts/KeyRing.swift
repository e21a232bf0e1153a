import Auth
import Crypto
import FoundationEssentials
import HTTP
import Synchronization

/// The signing keys in memory.
final class KeyRing: Sendable {
    struct Key: Sendable {
        let fact: KeyFact
        let key: ES256PrivateKey
    }

    private let keys = Mutex<[Key]>([])

    func replace(_ new: [Key]) { keys.withLock { $0 = new } }

    var isReady: Bool { keys.withLock { !$0.isEmpty } }

    /// Signs with the key whose time it is.
    /// - Throws: `Problem` 503 where there is none yet.
    func sign(_ claims: AccessTokenClaims, now: Date = Date()) throws -> String {
        let found = keys.withLock { keys in
            let current = KeyPlan.current(keys.map(\.fact), now: now)
            return keys.first { $0.fact == current }
        }
        guard let found else { throw Problem.unavailable("No signing key is ready.") }
        return try TokenSigner(key: found.key, keyID: found.fact.id).sign(claims)
    }

    /// The public keys, also those that do not sign yet or any more.
    var document: JSONWebKeySet {
        JSONWebKeySet(keys: keys.withLock { $0.map { JSONWebKey($0.key.publicKey, keyID: $0.fact.id) } })
    }
}
