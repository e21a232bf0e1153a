import Crypto
import FoundationEssentials

/// A refresh token: opaque, unguessable, used once. Only its hash is stored.
struct RefreshToken: Sendable {
    let text: String
    let hash: Data

    /// A new one, of 32 random bytes.
    init() { self.init(text: "atr_" + SecureRandom.token()) }

    /// One that somebody sent.
    init(text: String) {
        self.text = text
        hash = SHA256.hash(Data(text.utf8))
    }
}
