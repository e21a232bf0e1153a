import HTTP

/// What `POST /api/v1/webhooks` takes.
struct NewWebhook: Sendable, Decodable {
    let url: String
    let description: String?
    let events: [String]?

    func check(allowsPrivate: Bool) throws {
        _ = try WebhookTarget(url, allowsPrivate: allowsPrivate)
        if let events { try WebhookEvents.check(events) }
        if let description, description.unicodeScalars.count > 120 {
            throw Problem.invalid(field: "description", reason: "may have 120 characters at most")
        }
    }
}

/// What `PATCH /api/v1/webhooks/{id}` takes; what is absent stays as it is.
struct WebhookChange: Sendable, Decodable {
    let url: String?
    let description: String?
    let events: [String]?
    let enabled: Bool?

    func check(allowsPrivate: Bool) throws {
        if let url { _ = try WebhookTarget(url, allowsPrivate: allowsPrivate) }
        if let events { try WebhookEvents.check(events) }
        if let description, description.unicodeScalars.count > 120 {
            throw Problem.invalid(field: "description", reason: "may have 120 characters at most")
        }
    }
}
