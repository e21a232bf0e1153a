import HTTP

/// The events that webhooks can be for.
enum WebhookEvents {
    static let all = Preferences.kinds + ["asset.created"]

    /// - Throws: `Problem` 400 for an unknown event, or none.
    static func check(_ events: [String]) throws {
        if events == ["*"] { return }
        guard (1...all.count).contains(events.count), events.allSatisfy(all.contains) else {
            throw Problem.invalid(field: "events", reason: "must be [\"*\"] or some of \(all.joined(separator: ", "))")
        }
    }
}
