import FoundationEssentials

/// A webhook as the API shows it. Its secret is shown once, when it is made.
struct Webhook: Sendable, Encodable {
    let id: String
    let url: String
    let description: String
    let events: [String]
    let status: String
    let disabledReason: String?
    let lastSuccessAt: Date?
    let createdAt: Date
    let updatedAt: Date
    var secret: String?
}

/// A delivery as the API shows it.
struct WebhookDeliveryView: Sendable, Encodable {
    let id: String
    let eventType: String
    let status: String
    let attempts: Int
    let responseStatus: Int?
    let error: String?
    let createdAt: Date
    let nextAttemptAt: Date?
    let endedAt: Date?
}
