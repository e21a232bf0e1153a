import Crypto
import FoundationEssentials
import Primitives

/// The key of a webhook (Standard Webhooks 1.0): 24 to 64 bytes, shown as `whsec_` and base64.
struct WebhookSecret: Sendable, Equatable {
    let bytes: Data

    /// A new one, of 32 bytes.
    init() { bytes = SecureRandom.bytes(32) }

    init(bytes: Data) { self.bytes = bytes }

    var text: String { "whsec_" + bytes.base64EncodedString() }

    /// One signature, as it stands in the header: over `id.timestamp.body`.
    func signature(id: String, timestamp: Int64, body: Data) -> String {
        let message = Data("\(id).\(timestamp).".utf8) + body
        return "v1," + HMACSHA256.code(for: message, key: bytes).base64EncodedString()
    }
}
