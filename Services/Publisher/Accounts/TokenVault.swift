import Crypto
import FoundationEssentials

/// Seals tokens before they are stored: AES-256-GCM under a key made from the settings, bound to what they are for.
struct TokenVault: Sendable {
    private let key: Data

    /// - Parameter purpose: names the use of the secret, so that no other use gives the same key.
    init(secret: String, purpose: String) {
        key = HMACSHA256.code(for: Data("\(purpose) token vault v1".utf8), key: Data(secret.utf8))
    }

    func seal(_ text: String, for owner: UUID) throws -> Data {
        try AESGCM.seal(Data(text.utf8), key: key, purpose: Data(owner.uuidString.utf8))
    }

    func open(_ sealed: Data, for owner: UUID) throws -> String {
        String(
            decoding: try AESGCM.open(sealed, key: key, purpose: Data(owner.uuidString.utf8)), as: UTF8.self)
    }
}
